//! What a benchmark is asked for on its command line: `--json`, `--rounds N`, `--quick`, `--only PART`.

const ROUNDS: usize = 5;

#[derive(Debug, PartialEq)]
pub struct Asked {
    pub json: bool,
    pub rounds: usize,
    /// To see that it works; the figures say little.
    pub quick: bool,
    /// One part of what it measures.
    pub only: Option<String>,
}

impl Asked {
    /// A quick one has so many rounds at most.
    pub fn parse(most_when_quick: usize) -> Asked {
        Asked::of(&std::env::args().collect::<Vec<_>>(), most_when_quick)
    }

    fn of(given: &[String], most_when_quick: usize) -> Asked {
        let has = |flag: &str| given.iter().any(|argument| argument == flag);
        let after = |flag: &str| given.get(given.iter().position(|argument| argument == flag)? + 1);
        let rounds = after("--rounds").and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
        let quick = has("--quick");
        let most = if quick { most_when_quick } else { usize::MAX };
        Asked { json: has("--json"), rounds: rounds.min(most), quick, only: after("--only").cloned() }
    }

    /// A part that the benchmark does not have would be measured as nothing, and hold every bound.
    pub fn knows(&self, parts: &[&str]) -> Result<(), String> {
        match &self.only {
            Some(only) if !parts.contains(&only.as_str()) => {
                Err(format!("there is no part {only:?}, only {}", parts.join(", ")))
            }
            _ => Ok(()),
        }
    }

    /// Whether this part is to be measured.
    pub fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;

    #[test]
    fn a_quick_benchmark_has_few_rounds_and_any_other_as_many_as_it_is_asked_for() {
        let of = |line: &str| Asked::of(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), 2);
        let whole = Asked { json: false, rounds: 5, quick: false, only: None };
        assert_eq!(of("edge"), whole);
        assert_eq!(of("edge --rounds 9 --json"), Asked { json: true, rounds: 9, ..of("edge") });
        assert_eq!(of("edge --rounds 9 --quick"), Asked { rounds: 2, quick: true, ..of("edge") });
        assert_eq!(
            of("edge --rounds 1 --quick --json"),
            Asked { json: true, rounds: 1, quick: true, ..whole }
        );
    }

    #[test]
    fn one_part_alone_or_all_of_them_are_measured() {
        let of = |line: &str| Asked::of(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), 2);
        let only = of("widget --only opening --rounds 3");
        assert_eq!((only.rounds, ["views", "opening"].map(|part| only.wants(part))), (3, [false, true]));
        assert!(["views", "opening"].iter().all(|part| of("widget").wants(part)));
        assert!(["widget", "widget --only views"].iter().all(|line| of(line).knows(&["views"]).is_ok()));
        assert!(of("widget --only viewing").knows(&["views"]).is_err());
    }
}
