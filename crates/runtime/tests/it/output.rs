//! Output of apps.

use crate::kit::{Kit, SERVER, get, until};
use footbridge_model::run::Stream;
use std::fs;
use std::time::{Duration, Instant};

#[tokio::test]
async fn both_streams_are_read_line_by_line() {
    let kit = Kit::new();
    let source =
        format!("console.log('one\\ntwo'); console.error('three'); process.stdout.write('open'); {SERVER}");
    kit.start(&kit.server("shop", &source)).await.unwrap();
    kit.wait_for_line("shop", "two").await;
    kit.wait_for_line("shop", "three").await;
    assert_eq!(kit.lines("shop", Stream::Out), ["one", "two"]);
    assert_eq!(kit.lines("shop", Stream::Err), ["three"]);
    kit.runtime.stop_all().await;
    assert_eq!(kit.lines("shop", Stream::Out), ["one", "two", "open"]);
    let numbers: Vec<u64> = kit.output("shop").iter().map(|line| line.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_gigabyte_of_output_slows_nothing_down() {
    let kit = Kit::new();
    let source = format!(
        "{SERVER};\nconst b = Buffer.alloc(1 << 20, 'x'.repeat(99) + '\\n'); let n = 0;\nconst go = () => {{ if (n++ < 1024) process.stdout.write(b, go); else console.log('\\nall written'); }}; go()"
    );
    let before = (Instant::now(), cpu());
    let memory = resident();
    kit.start(&kit.server("loud", &source)).await.unwrap();
    let quiet = kit.start(&kit.server("quiet", SERVER)).await.unwrap();
    assert_eq!(get(quiet.address), "hi quiet");
    let dropped = dropped_mebibytes(&kit).await;
    let (took, used) = (before.0.elapsed(), cpu().saturating_sub(before.1));
    println!("{took:?} of wall time, {used:?} of the apps thread");
    assert!(used < took / 3, "{used:?} of {took:?}");
    assert!(resident().saturating_sub(memory) < 32 << 20);
    let kept = kit.output("loud");
    assert!(kept.len() <= 4000 && kept.iter().map(|line| line.text.len()).sum::<usize>() <= 1 << 20);
    // On a busy machine this reader is slower than the output and misses lines that report dropped output.
    println!("{dropped} MiB were reported as dropped");
}

#[tokio::test]
async fn forgetting_an_app_ends_waits_for_its_output() {
    let kit = Kit::new();
    let waiting = tokio::spawn(kit.runtime.written(crate::kit::app("shop"), 0));
    until("it waits or is done", || {
        kit.runtime.forget(&crate::kit::app("shop"));
        waiting.is_finished()
    })
    .await;
}

/// Follows the output of the app `loud` to its end. Returns the sum of what is reported as dropped.
async fn dropped_mebibytes(kit: &Kit) -> f64 {
    let (loud, mut after, mut sum) = (crate::kit::app("loud"), 0, 0.0);
    loop {
        for line in kit.runtime.output(&loud, after, usize::MAX) {
            after = line.number;
            if line.text == "all written" {
                return sum;
            }
            if line.stream == Stream::Server && line.text.contains("dropped") {
                sum += mebibytes(&line.text);
            }
        }
        kit.runtime.written(loud.clone(), after).await;
    }
}

fn mebibytes(line: &str) -> f64 {
    line.split(' ').next().unwrap().parse().unwrap()
}

/// The processor time that the thread which supervises apps has used.
fn cpu() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let ticks = tasks.filter_map(|task| {
        let stat = fs::read_to_string(task.join("stat")).ok()?;
        let (name, rest) = stat.rsplit_once(')')?;
        let mut words = rest.split_ascii_whitespace().skip(11);
        let (user, system): (u64, u64) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        name.ends_with("(apps").then_some(user + system)
    });
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// The memory in use by this process, in bytes.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
