//! Hook patterns and names: an accepted pattern matches as the contract says, and its text form parses to the
//! same pattern.
#![no_main]

use footbridge_model::name::{AppName, EventName};
use footbridge_model::pattern::{Part, Pattern};
use libfuzzer_sys::fuzz_target;

// Three lines: a pattern, a publisher and an event.
fuzz_target!(|data: &str| {
    let mut lines = data.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (text, publisher, event) = (line(), line(), line());
    let Ok(pattern) = Pattern::parse(text) else { return };
    let shown = pattern.to_string();
    assert_eq!(Pattern::parse(&shown).as_ref(), Ok(&pattern), "{shown}");
    for part in [&pattern.publisher, &pattern.event] {
        if let Part::Is(text) = part {
            assert!(!text.contains('*') && **text == text.to_lowercase(), "{shown}");
        }
    }
    assert!(!pattern.event.as_str().contains(['/', '\\']), "no event is called so: {shown}");
    let (Ok(publisher), Ok(event)) = (AppName::parse(publisher), EventName::parse(event)) else { return };
    let is = |part: &Part, name: &str| *part == Part::Any || part.as_str().eq_ignore_ascii_case(name);
    let wanted = is(&pattern.publisher, publisher.as_str()) && is(&pattern.event, event.as_str());
    assert_eq!(pattern.matches(&publisher, &event), wanted, "{shown}");
});
