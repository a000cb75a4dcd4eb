fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).expect("a scenario")).expect("readable");
    let seeds: u64 = std::env::args().nth(2).and_then(|s| s.parse().ok()).unwrap_or(3);
    let all = std::env::args().nth(3).is_some();
    let scenario = replay::scenario::Scenario::parse(&text).expect("a scenario");
    for cell in scenario.cells() {
        for seed in 1..=seeds {
            let began = std::time::Instant::now();
            let run = replay::with::run(&cell, seed);
            println!("{:.2} {} s With {:?} {:?}", cell.load, cell.trigger_s, run.figures, began.elapsed());
            if all {
                for (at, second) in run.seconds.iter().enumerate().skip(100) {
                    println!("{at} {second:?}");
                }
            }
        }
    }
}
