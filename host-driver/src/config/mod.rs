// SPDX-License-Identifier: Apache-2.0
//! The configuration.

/// Mistakes.
#[derive(Debug, thiserror::Error)]
#[error("mistakes")]
pub struct ConfigErrors;
