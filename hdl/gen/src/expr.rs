// SPDX-License-Identifier: Apache-2.0
//! Depth expressions: numbers and params joined by `+` and `*`, products first.

/// Value of `text`, where `lookup` gives the value of a name.
///
/// # Errors
/// What is wrong with the expression.
pub fn eval(text: &str, lookup: impl Fn(&str) -> Option<u64>) -> Result<u64, String> {
    let mut sum: u64 = 0;
    for product in text.split('+') {
        let mut value: u64 = 1;
        for factor in product.split('*') {
            let factor = factor.trim();
            let number = if factor.starts_with(|c: char| c.is_ascii_digit()) {
                factor.parse().map_err(|_| format!("`{factor}` is not a number"))?
            } else {
                lookup(factor).ok_or_else(|| format!("`{factor}` is neither a number nor a param"))?
            };
            value = value.checked_mul(number).ok_or("overflow")?;
        }
        sum = sum.checked_add(value).ok_or("overflow")?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::eval;

    #[test]
    fn products_before_sums() {
        let names = |n: &str| match n {
            "A" => Some(4),
            "B" => Some(512),
            _ => None,
        };
        assert_eq!(eval("A * B + 8", names), Ok(2056));
        assert_eq!(eval("7", names), Ok(7));
        assert!(eval("C", names).unwrap_err().contains("`C`"));
        assert!(eval("A +", names).is_err());
        assert!(eval("3x", names).unwrap_err().contains("not a number"));
        assert!(eval("4294967295 * 4294967295 * 4294967295", names).is_err());
    }
}
