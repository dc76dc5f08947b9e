// SPDX-License-Identifier: Apache-2.0
//! Register, table and descriptor layouts of the Headend card.
