//! The options of a URL: their names, and what each sets.

use std::path::PathBuf;

use store_core::{Error, Result};

use crate::config::{AtLeastOnce, Pem, Protocol, ReadFrom, Roots, SlotPolicy, config_error};
use crate::url::draft::Draft;
use crate::url::malformed;
use crate::url::setting::Setting;
use crate::url::text::decode;

/// Reads `name=value&…` into the draft.
pub(super) fn read(draft: &mut Draft, query: &str) -> Result<()> {
    let mut seen = Vec::new();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').ok_or_else(|| malformed("an option is name=value"))?;
        let (option, apply) = find(name)?;
        if seen.contains(&option) {
            return Err(config_error(option, "an option comes once"));
        }
        seen.push(option);
        let value = decode(option, value)?;
        if value.is_empty() && !MAY_BE_EMPTY.contains(&option) {
            return Err(config_error(option, "an option has a value"));
        }
        apply(draft, &Setting { option, text: &value })?;
    }
    Ok(())
}

type Apply = fn(&mut Draft, &Setting<'_>) -> Result<()>;

fn find(name: &str) -> Result<(&'static str, Apply)> {
    let canonical = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, option)| option);
    OPTIONS.iter().find(|(option, _)| *option == canonical).copied().ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Error {
    let is_called = |word| name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    if let Some((_, advice)) = ELSEWHERE.iter().find(|(word, _)| is_called(word)) {
        return malformed(advice);
    }
    // A name that looks like one is shown, because it is likely misspelt; anything else may be a piece of a secret.
    let is_name = name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_name { config_error(name, "unknown option") } else { malformed("unknown option") }
}

const MAY_BE_EMPTY: [&str; 2] = ["password", "sentinel_password"];

/// What redis-py calls the same.
const ALIASES: [(&str, &str); 7] = [
    ("socket_connect_timeout", "connect_timeout"),
    ("socket_timeout", "response_timeout"),
    ("socket_keepalive", "keepalive"),
    ("ssl_ca_certs", "tls_ca_file"),
    ("ssl_certfile", "tls_cert_file"),
    ("ssl_keyfile", "tls_key_file"),
    ("require_full_coverage", "coverage"),
];

/// What other clients take under these names, or under ones that go on with an underscore, and what it is here.
const ELSEWHERE: [(&str, &str); 7] = [
    (
        "max_connections",
        "unknown option max_connections: all callers share a few, connections=1; what cannot share has \
         exclusive_connections=8",
    ),
    ("retry_on", "unknown option retry_on_…: what is safe to repeat is repeated; for writes see at_least_once"),
    (
        "timeout",
        "unknown option timeout: deadline limits a whole call, response_timeout one attempt, exclusive_wait the wait \
         for a connection",
    ),
    ("read_from_replicas", "unknown option read_from_replicas: read_from=prefer_replica"),
    ("ssl_cert_reqs", UNCHECKED),
    ("ssl_check_hostname", UNCHECKED),
    (
        "ssl",
        "unknown option ssl…: there are tls_ca_file, tls_cert_file, tls_key_file and tls_server_name, and more in \
         code: Tls",
    ),
];

const UNCHECKED: &str = "unknown options ssl_cert_reqs and ssl_check_hostname: certificates and the names in them are \
                         always checked, unless code asks for Tls::danger_accept_any_certificate";

const OPTIONS: &[(&str, Apply)] = &[
    ("db", |draft, value| value.number().map(|db| draft.config.db = db)),
    ("username", |draft, value| {
        draft.config.username = Some(value.secret());
        Ok(())
    }),
    ("password", |draft, value| {
        draft.config.password = Some(value.secret());
        Ok(())
    }),
    ("client_name", |draft, value| {
        draft.config.client_name = Some(value.text.to_owned());
        Ok(())
    }),
    ("protocol", |draft, value| value.one_of(&PROTOCOLS).map(|protocol| draft.config.protocol = protocol)),
    ("connections", |draft, value| value.number().map(|count| draft.config.connections = count)),
    ("exclusive_connections", |draft, value| value.number().map(|count| draft.config.exclusive_connections = count)),
    ("exclusive_wait", |draft, value| value.seconds().map(|wait| draft.config.exclusive_wait = wait)),
    ("connect_timeout", |draft, value| value.seconds().map(|timeout| draft.config.connect_timeout = timeout)),
    ("deadline", |draft, value| value.seconds().map(|deadline| draft.config.deadline = deadline)),
    ("response_timeout", |draft, value| {
        value.seconds_unless_off().map(|timeout| draft.config.response_timeout = timeout)
    }),
    ("keepalive", |draft, value| value.keepalive().map(|keepalive| draft.config.keepalive = keepalive)),
    ("user_timeout", |draft, value| value.seconds_unless_off().map(|timeout| draft.config.user_timeout = timeout)),
    ("nodelay", |draft, value| value.coalescing().map(|coalescing| draft.config.coalescing = coalescing)),
    ("health_check_interval", |draft, value| {
        value.seconds_unless_off().map(|interval| draft.config.health_check_interval = interval)
    }),
    ("timeouts_before_probe", |draft, value| value.number().map(|count| draft.config.timeouts_before_probe = count)),
    ("max_in_flight", |draft, value| value.number().map(|count| draft.config.max_in_flight = count)),
    ("max_value_bytes", |draft, value| value.number().map(|bytes| draft.config.max_value_bytes = bytes)),
    ("default_ttl", |draft, value| value.lifetime().map(|lifetime| draft.config.default_lifetime = Some(lifetime))),
    ("retries", |draft, value| value.number().map(|retries| draft.config.retry.retries = retries)),
    ("retry_first_pause", |draft, value| value.seconds().map(|pause| draft.config.retry.first_pause = pause)),
    ("retry_longest_pause", |draft, value| value.seconds().map(|pause| draft.config.retry.longest_pause = pause)),
    ("retry_budget_percent", |draft, value| value.number().map(|percent| draft.config.retry.budget_percent = percent)),
    ("at_least_once", |draft, value| {
        value.one_of(&AT_LEAST_ONCE).map(|which| draft.config.retry.at_least_once = which)
    }),
    ("read_from", |draft, value| value.one_of(&READ_FROM).map(|which| draft.config.read_from = which)),
    ("slot_policy", |draft, value| value.one_of(&SLOT_POLICIES).map(|policy| draft.config.slot_policy = policy)),
    ("tls_ca_file", |draft, value| {
        draft.tls(value.option)?.roots = Roots::Pem(Pem::File(PathBuf::from(value.text)));
        Ok(())
    }),
    ("tls_cert_file", |draft, value| draft.set_certificate(value.option, PathBuf::from(value.text))),
    ("tls_key_file", |draft, value| draft.set_key(value.option, PathBuf::from(value.text))),
    ("tls_server_name", |draft, value| {
        draft.tls(value.option)?.server_name = Some(value.text.to_owned());
        Ok(())
    }),
    ("sentinel_username", |draft, value| {
        draft.sentinel(value.option)?.username = Some(value.secret());
        Ok(())
    }),
    ("sentinel_password", |draft, value| {
        draft.sentinel(value.option)?.password = Some(value.secret());
        Ok(())
    }),
    ("min_other_sentinels", |draft, value| {
        draft.sentinel(value.option)?.min_other_sentinels = value.number()?;
        Ok(())
    }),
    ("sentinel_poll_interval", |draft, value| {
        draft.sentinel(value.option)?.poll_interval = value.seconds()?;
        Ok(())
    }),
    ("coverage", |draft, value| {
        draft.cluster(value.option)?.coverage = value.coverage()?;
        Ok(())
    }),
    ("cluster_poll_interval", |draft, value| {
        draft.cluster(value.option)?.poll_interval = value.seconds_unless_off()?;
        Ok(())
    }),
    ("address_map", |draft, value| {
        *draft.address_map(value.option)? = value.address_map()?;
        Ok(())
    }),
];

const PROTOCOLS: [(&str, Protocol); 4] =
    [("2", Protocol::Resp2), ("3", Protocol::Resp3), ("resp2", Protocol::Resp2), ("resp3", Protocol::Resp3)];

const AT_LEAST_ONCE: [(&str, AtLeastOnce); 3] =
    [("never", AtLeastOnce::Never), ("same_answer", AtLeastOnce::SameAnswer), ("same_effect", AtLeastOnce::SameEffect)];

const READ_FROM: [(&str, ReadFrom); 3] =
    [("primary", ReadFrom::Primary), ("replica", ReadFrom::Replica), ("prefer_replica", ReadFrom::PreferReplica)];

const SLOT_POLICIES: [(&str, SlotPolicy); 3] =
    [("root", SlotPolicy::Root), ("per_namespace", SlotPolicy::PerNamespace), ("per_key", SlotPolicy::PerKey)];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ALIASES, OPTIONS};
    use crate::config::Config;

    /// One of each form that has options of its own.
    const FORMS: [&str; 3] = ["rediss://h", "redis+sentinels://h/s", "redis+clusters://h"];

    struct Row<'a> {
        options: Vec<&'a str>,
        aliases: Vec<&'a str>,
        example: &'a str,
    }

    fn documented() -> Vec<Row<'static>> {
        let names = |cell: &'static str| -> Vec<&str> { cell.split('`').skip(1).step_by(2).collect() };
        let row = |line: &'static str| {
            let mut cells = line.trim_matches('|').split('|').map(names);
            let mut cell = || cells.next().unwrap();
            Row { options: cell(), aliases: cell(), example: cell()[0] }
        };
        include_str!("options.md").lines().skip(2).map(row).collect()
    }

    /// What the options in `query` change in the forms that know them.
    fn meanings(query: &str) -> Vec<(Config, Config)> {
        let parse = |url: &str| url.parse::<Config>();
        FORMS.iter().filter_map(|form| Some((parse(form).unwrap(), parse(&format!("{form}?{query}")).ok()?))).collect()
    }

    #[test]
    fn the_documented_options_are_those_that_exist() {
        let documented = documented();
        let listed: Vec<&str> = documented.iter().flat_map(|row| row.options.iter().copied()).collect();
        let existing: Vec<&str> = OPTIONS.iter().map(|(option, _)| *option).collect();
        assert_eq!(listed, existing);
        let alias = |row: &Row<'static>| row.aliases.clone();
        let listed: BTreeSet<&str> = documented.iter().flat_map(alias).collect();
        assert_eq!(listed, ALIASES.iter().map(|(alias, _)| *alias).collect());
    }

    #[test]
    fn every_documented_example_changes_a_setting() {
        for row in documented() {
            let examples = row.options.iter().filter(|option| row.example.contains(&format!("{option}=")));
            assert_eq!(examples.count(), row.options.len(), "{}", row.example);
            let meanings = meanings(row.example);
            assert!(!meanings.is_empty(), "no form takes {}", row.example);
            assert!(meanings.iter().all(|(plain, set)| plain != set), "{} changes nothing", row.example);
        }
    }

    #[test]
    fn an_alias_means_what_its_option_means() {
        for row in documented() {
            for alias in &row.aliases {
                let (_, option) = ALIASES.iter().find(|(name, _)| name == alias).unwrap();
                assert!(row.options.contains(option), "{alias}");
                let renamed = row.example.replace(&format!("{option}="), &format!("{alias}="));
                assert_ne!(renamed, row.example);
                assert_eq!(meanings(&renamed), meanings(row.example), "{alias}");
            }
        }
    }
}
