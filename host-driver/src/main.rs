// SPDX-License-Identifier: Apache-2.0
//! The `headend` command.

fn main() -> std::process::ExitCode {
    headend_driver::cli::main()
}
