//! What an origin says about its quota, in the `RateLimit` field of the IETF's draft
//! (draft-ietf-httpapi-ratelimit-headers: `RateLimit: "default";r=0;t=30`) or in the three fields of its earlier versions
//! (`RateLimit-Remaining: 0`, `RateLimit-Reset: 30`), which most servers still send. Of several policies the strictest counts.

use sfv::{BareItem, List, ListEntry, Parser};
use shared::Millis;

/// A longer field is not read.
const MAX_LEN: usize = 1_024;

/// After how many milliseconds there is something left again; 0 where there is now, or where the fields say nothing.
pub fn pause_ms(field: Option<&str>, remaining: Option<&str>, reset: Option<&str>) -> Millis {
    let spent = field.map_or(0, spent_ms);
    let earlier = match (remaining.and_then(number), reset.and_then(number)) {
        (Some(0), Some(reset_s)) => reset_s.saturating_mul(1_000),
        _ => 0,
    };
    spent.max(earlier)
}

fn number(field: &str) -> Option<u64> {
    field.trim().parse().ok()
}

fn spent_ms(field: &str) -> Millis {
    if field.len() > MAX_LEN {
        return 0;
    }
    // What does not parse is ignored as a whole, as RFC 9651 wants it.
    let policies: List = Parser::new(field).parse().unwrap_or_default();
    let spent = policies.iter().filter_map(|policy| {
        let params = match policy {
            ListEntry::Item(item) => &item.params,
            ListEntry::InnerList(_) => return None,
        };
        let integer = |name: &str| match params.get(name) {
            Some(BareItem::Integer(value)) => u64::try_from(i64::from(*value)).ok(),
            _ => None,
        };
        (integer("r")? == 0).then(|| integer("t")).flatten()
    });
    spent.max().unwrap_or(0).saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_is_spent_says_for_how_long() {
        let fields: [(&str, Millis); 9] = [
            ("\"default\";r=0;t=30", 30_000),
            ("\"default\";r=50;t=30", 0),
            ("\"permin\";r=12;t=8, \"perhr\";r=0;t=900", 900_000),
            ("\"a\";r=0;t=5, \"b\";r=0;t=7", 7_000),
            // Without a time there is nothing to wait for.
            ("\"default\";r=0", 0),
            ("\"default\";r=0;t=-4", 0),
            ("\"default\";r=0;t=soon", 0),
            ("limit=100, remaining=0, reset=", 0),
            ("", 0),
        ];
        for (field, ms) in fields {
            assert_eq!(pause_ms(Some(field), None, None), ms, "{field}");
        }
        assert_eq!(pause_ms(None, None, None), 0);
    }

    #[test]
    fn the_earlier_fields_are_understood_and_the_longer_of_both_counts() {
        assert_eq!(pause_ms(None, Some("0"), Some("30")), 30_000);
        assert_eq!(pause_ms(None, Some("1"), Some("30")), 0);
        assert_eq!(pause_ms(None, Some("0"), None), 0);
        assert_eq!(pause_ms(None, Some("none"), Some("30")), 0);
        assert_eq!(pause_ms(Some("\"a\";r=0;t=5"), Some("0"), Some("3")), 5_000);
        assert_eq!(pause_ms(None, Some("0"), Some("99999999999999999999")), 0);
    }

    #[test]
    fn a_field_of_any_length_is_read_or_left() {
        let long = format!("{}\"a\";r=0;t=5", "\"b\";r=1, ".repeat(200));
        assert_eq!(pause_ms(Some(&long), None, None), 0);
    }
}
