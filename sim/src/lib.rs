// SPDX-License-Identifier: Apache-2.0
//! The Headend card simulated by Verilator behind a vfio-user socket.
