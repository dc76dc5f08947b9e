// SPDX-License-Identifier: Apache-2.0
//! Module tests of the Headend RTL.
