//! Options of lists that can be searched, and what their tables say about the search.

use footbridge_api::SearchedList;

use super::remote::more;

/// Options that search a list.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SearchArgs {
    /// Only what matches all these terms, such as 'app:shop name:order-* -status:delivered code:5xx body.order.id:42'
    #[arg(long, value_name = "TERMS")]
    pub query: Option<String>,
    /// The order of the list, by time
    #[arg(long, value_parser = ["desc", "asc"])]
    pub order: Option<String>,
}

impl SearchArgs {
    /// Returns the query parameters of the search.
    pub fn query(&self) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let terms = self.query.clone().map(|terms| ("q", terms));
        terms.into_iter().chain(self.order.clone().map(|order| ("order", order)))
    }
}

/// Options that limit a list to a span of time.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TimeArgs {
    /// Only what was made since this time: 2026-01-31T12:00:00Z, 14:30 for today in UTC, or 2h for two hours ago
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only what was made before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

impl TimeArgs {
    /// Returns the query parameters of the span.
    pub fn query(&self) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let since = self.since.clone().map(|since| ("since", since));
        since.into_iter().chain(self.until.clone().map(|until| ("until", until)))
    }
}

/// Returns how far an unfinished search came, and the option for the next page, if there is one.
pub fn rest<T>(list: &SearchedList<T>) -> String {
    let to = list.searched.to.as_deref().filter(|_| list.searched.more);
    let came = to.map(|to| format!("searched {} rows, as far as {to}\n", list.searched.rows));
    came.unwrap_or_default() + &more(list.next.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_search_says_how_far_it_came() {
        let text = r#"{"data":[1],"next":"abc","searched":{"to":"2026-01-31T12:00:00.000Z","rows":48000,"more":true}}"#;
        let list: SearchedList<u8> = serde_json::from_str(text).unwrap();
        assert_eq!(
            rest(&list),
            "searched 48000 rows, as far as 2026-01-31T12:00:00.000Z\nmore: --cursor abc\n"
        );
        let whole: SearchedList<u8> = serde_json::from_str(r#"{"data":[1],"next":null}"#).unwrap();
        assert_eq!(rest(&whole), "");
    }
}
