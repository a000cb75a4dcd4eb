//! What a benchmark is asked for on its command line: `--json`, `--rounds N`, `--quick`.

const ROUNDS: usize = 5;

#[derive(Debug, PartialEq)]
pub struct Asked {
    pub json: bool,
    pub rounds: usize,
    /// To see that it works; the figures say little.
    pub quick: bool,
}

impl Asked {
    /// A quick one has so many rounds at most.
    pub fn parse(most_when_quick: usize) -> Asked {
        Asked::of(&std::env::args().collect::<Vec<_>>(), most_when_quick)
    }

    fn of(given: &[String], most_when_quick: usize) -> Asked {
        let has = |flag: &str| given.iter().any(|argument| argument == flag);
        let rounds = given.iter().position(|argument| argument == "--rounds");
        let rounds = rounds.and_then(|at| given.get(at + 1)?.parse().ok()).unwrap_or(ROUNDS);
        let quick = has("--quick");
        let most = if quick { most_when_quick } else { usize::MAX };
        Asked { json: has("--json"), rounds: rounds.min(most), quick }
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;

    #[test]
    fn a_quick_benchmark_has_few_rounds_and_any_other_as_many_as_it_is_asked_for() {
        let of = |line: &str| Asked::of(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), 2);
        assert_eq!(of("edge"), Asked { json: false, rounds: 5, quick: false });
        assert_eq!(of("edge --rounds 9 --json"), Asked { json: true, rounds: 9, quick: false });
        assert_eq!(of("edge --rounds 9 --quick"), Asked { json: false, rounds: 2, quick: true });
        assert_eq!(of("edge --rounds 1 --quick --json"), Asked { json: true, rounds: 1, quick: true });
    }
}
