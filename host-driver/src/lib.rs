// SPDX-License-Identifier: Apache-2.0
//! User-space driver of the Headend card.
