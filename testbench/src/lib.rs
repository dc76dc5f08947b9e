// SPDX-License-Identifier: Apache-2.0
//! Reference model, traffic, differential tests and benches of Headend.
