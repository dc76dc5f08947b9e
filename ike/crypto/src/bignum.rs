// SPDX-License-Identifier: Apache-2.0
//! Modular exponentiation for the MODP groups, in constant time, by AWS-LC's big numbers.

use std::ptr::NonNull;

use aws_lc_sys as lc;

use crate::CryptoError;

/// An owned big number, wiped when dropped.
pub(crate) struct BigNum(NonNull<lc::BIGNUM>);

impl BigNum {
    /// From big-endian bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<BigNum, CryptoError> {
        // SAFETY: pointer and length are those of a live slice; a null result pointer makes the library
        // allocate, and the number becomes ours.
        let raw = unsafe { lc::BN_bin2bn(bytes.as_ptr(), bytes.len(), std::ptr::null_mut()) };
        NonNull::new(raw).map(BigNum).ok_or(CryptoError::Library)
    }

    /// From hexadecimal digits, an even number of them.
    pub(crate) fn from_hex(digits: &str) -> Result<BigNum, CryptoError> {
        let byte = |pair: &[u8]| {
            let text = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(text, 16).ok()
        };
        let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
        BigNum::from_bytes(&bytes.ok_or(CryptoError::Unsupported)?)
    }

    /// Big-endian bytes, filled with zeros on the left to `bytes`.
    pub(crate) fn to_bytes(&self, bytes: usize) -> Result<Vec<u8>, CryptoError> {
        let mut out = vec![0; bytes];
        // SAFETY: the number is live, and the library writes exactly `bytes` bytes or fails.
        let done = unsafe { lc::BN_bn2bin_padded(out.as_mut_ptr(), bytes, self.0.as_ptr()) };
        if done == 1 {
            Ok(out)
        } else {
            Err(CryptoError::Library)
        }
    }

    /// self^exponent mod modulus for an odd modulus and self < modulus; time does not depend on the exponent's
    /// bits, only on its length.
    pub(crate) fn power(&self, exponent: &BigNum, modulus: &BigNum) -> Result<BigNum, CryptoError> {
        let result = BigNum::from_bytes(&[])?;
        let context = Context::new()?;
        // SAFETY: all four numbers and the context are live and not aliased mutably; without a Montgomery
        // context the library makes its own.
        let done = unsafe {
            lc::BN_mod_exp_mont_consttime(
                result.0.as_ptr(),
                self.0.as_ptr(),
                exponent.0.as_ptr(),
                modulus.0.as_ptr(),
                context.0.as_ptr(),
                std::ptr::null(),
            )
        };
        if done == 1 {
            Ok(result)
        } else {
            Err(CryptoError::Library)
        }
    }
}

impl Drop for BigNum {
    fn drop(&mut self) {
        // SAFETY: we own the number and free it once.
        unsafe { lc::BN_clear_free(self.0.as_ptr()) }
    }
}

// SAFETY: a BIGNUM has no tie to a thread; `BigNum` owns it and gives out no shared mutation.
unsafe impl Send for BigNum {}

struct Context(NonNull<lc::BN_CTX>);

impl Context {
    fn new() -> Result<Context, CryptoError> {
        // SAFETY: no arguments; the result is checked.
        NonNull::new(unsafe { lc::BN_CTX_new() }).map(Context).ok_or(CryptoError::Library)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: we own the context and free it once.
        unsafe { lc::BN_CTX_free(self.0.as_ptr()) }
    }
}
