//! Connection URLs: what they mean, what is refused, and that no refusal shows a secret.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use proptest::prelude::*;
use store_redis::{
    AtLeastOnce, Coalescing, Config, ErrorKind, Keepalive, Lifetime, Outcome, Protocol, Retry, RetryPolicy, Server, Ttl,
};

fn parse(url: &str) -> Config {
    url.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn tcp(host: &str, port: u16) -> Config {
    Config::tcp(host, port)
}

#[test]
fn a_url_names_the_server() {
    for (url, expected) in [
        ("redis://", tcp("localhost", 6379)),
        ("redis://cache.example", tcp("cache.example", 6379)),
        ("REDIS://cache.example:7000", tcp("cache.example", 7000)),
        ("valkey://10.0.0.7:7000/", tcp("10.0.0.7", 7000)),
        ("redis://:7000", tcp("localhost", 7000)),
        ("redis://h:/3", tcp("h", 6379).with_db(3)),
        ("redis://[::1]:7000/2", tcp("::1", 7000).with_db(2)),
        ("redis://[fe80::1%25eth0]", tcp("fe80::1%eth0", 6379)),
        ("redis://%63ache", tcp("cache", 6379)),
        ("unix:///run/redis.sock", Config::unix("/run/redis.sock")),
        ("redis+unix:///run/a%20b@c.sock?db=4", Config::unix("/run/a b@c.sock").with_db(4)),
        ("valkey+unix://:pw@/s", Config::unix("/s").with_password("pw")),
    ] {
        assert_eq!(parse(url), expected, "{url}");
    }
}

#[test]
fn user_info_is_decoded_once() {
    assert_eq!(parse("redis://:p%40%2525@h"), tcp("h", 6379).with_password("p@%25"));
    assert_eq!(parse("redis://ann:p:w@h"), tcp("h", 6379).with_user("ann", "p:w"));
    assert_eq!(parse("redis://ann:@h"), tcp("h", 6379).with_user("ann", ""));
    assert_eq!(parse("redis://h?username=ann&password="), tcp("h", 6379).with_user("ann", ""));
    assert_eq!(parse("redis://:@h"), tcp("h", 6379));
    assert_eq!(parse("redis://:p@w@h"), tcp("h", 6379).with_password("p@w"));
    assert_eq!(parse("redis://:a+b@h"), tcp("h", 6379).with_password("a+b"));
}

#[test]
fn the_query_wins() {
    let config = parse("redis://ann:one@h/1?db=2&username=bob&password=two");
    assert_eq!(config, tcp("h", 6379).with_db(2).with_user("bob", "two"));
}

#[test]
fn every_option_sets_its_field() {
    let millis = Duration::from_millis;
    let count = |count| NonZeroU32::new(count).unwrap();
    let retry = |change: fn(RetryPolicy) -> RetryPolicy| tcp("h", 6379).with_retry(change(RetryPolicy::default()));
    let h = || tcp("h", 6379);
    for (option, expected) in [
        ("client_name=web-1", h().with_client_name("web-1")),
        ("protocol=3", h().with_protocol(Protocol::Resp3)),
        ("protocol=resp2", h().with_protocol(Protocol::Resp2)),
        ("connections=4", h().with_connections(NonZeroUsize::new(4).unwrap())),
        ("connect_timeout=1.5", h().with_connect_timeout(millis(1500))),
        ("socket_connect_timeout=3", h().with_connect_timeout(millis(3000))),
        ("deadline=0.8", h().with_deadline(millis(800))),
        ("response_timeout=2", h().with_response_timeout(Some(millis(2000)))),
        ("socket_timeout=2", h().with_response_timeout(Some(millis(2000)))),
        ("keepalive=no", h().with_keepalive(None)),
        ("socket_keepalive=True", h().with_keepalive(Some(Keepalive::default()))),
        ("keepalive=60", h().with_keepalive(Some(Keepalive::after(millis(60_000))))),
        ("user_timeout=1.5", h().with_user_timeout(Some(millis(1500)))),
        ("user_timeout=no", h().with_user_timeout(None)),
        ("keepalive=1", h().with_keepalive(Some(Keepalive::after(millis(1000))))),
        ("keepalive=off", h().with_keepalive(None)),
        ("user_timeout=off", h().with_user_timeout(None)),
        ("user_timeout=0", h().with_user_timeout(None)),
        ("response_timeout=False", h()),
        ("health_check_interval=no", h().with_health_check_interval(None)),
        ("default_ttl=1.5", h().with_default_lifetime(Lifetime::In(Ttl::from_millis(1500).unwrap()))),
        ("default_ttl=never", h().with_default_lifetime(Lifetime::Never)),
        ("nodelay=no", h().with_coalescing(Coalescing::On)),
        ("health_check_interval=7", h().with_health_check_interval(Some(millis(7000)))),
        ("health_check_interval=0", h().with_health_check_interval(None)),
        ("timeouts_before_probe=2", h().with_timeouts_before_probe(count(2))),
        ("max_in_flight=10", h().with_max_in_flight(count(10))),
        ("max_value_bytes=1000", h().with_max_value_bytes(1000)),
        ("retries=0", retry(|retry| retry.with_retries(0))),
        (
            "retry_first_pause=0.01&retry_longest_pause=1",
            retry(|retry| retry.with_pauses(Duration::from_millis(10), Duration::from_secs(1))),
        ),
        ("retry_budget_percent=50", retry(|retry| retry.with_budget_percent(50))),
        ("at_least_once=same_effect", retry(|retry| retry.with_at_least_once(AtLeastOnce::SameEffect))),
    ] {
        assert_eq!(parse(&format!("redis://h?{option}")), expected, "{option}");
    }
}

#[test]
fn what_is_wrong_is_a_config_error_that_names_it() {
    for (url, named) in [
        ("", "redis://"),
        ("cache.example:6379", "redis://"),
        ("http://h", "redis://"),
        ("rediss://h", "TLS"),
        ("valkeys://h", "TLS"),
        ("redis+sentinel://h:26379/mymaster", "Sentinel"),
        ("redis+clusters://h", "Cluster"),
        ("redis://h1:1,h2:2", "Cluster"),
        ("redis://h/abc", "option=db"),
        ("redis://h/1/2", "option=db"),
        ("redis://h/-1", "option=db"),
        ("redis://h/+1", "option=db"),
        ("redis://h?db=x", "option=db"),
        ("redis://h?db=", "option=db"),
        ("redis://h?db=99999999999", "option=db"),
        ("redis://h?db=1&db=2", "option=db"),
        ("redis://h?socket_timeout=1&response_timeout=1", "option=response_timeout"),
        ("redis://h:0", "option=port"),
        ("redis://h:x", "option=port"),
        ("redis://h:65536", "option=port"),
        ("redis://h:1:2", "option=port"),
        ("redis://::1", "option=port"),
        ("redis://[::1", "option=host"),
        ("redis://[::1]x", "option=port"),
        ("redis://[cache]", "option=host"),
        ("redis://h%zz", "option=host"),
        ("redis://a b", "option=host"),
        ("redis://:p%4@h", "option=password"),
        ("redis://:%FF@h", "option=password"),
        ("redis://ann@h", "option=username"),
        ("redis://h?sokcet_timeout=1", "option=sokcet_timeout"),
        ("redis://h?ssl_cert_reqs=none", "TLS"),
        ("redis://h?protocol=4", "option=protocol"),
        ("redis://h?deadline=0", "option=deadline"),
        ("redis://h?deadline=1e3", "option=deadline"),
        ("redis://h?deadline=-1", "option=deadline"),
        ("redis://h?deadline=1000000", "option=deadline"),
        ("redis://h?connect_timeout=nan", "option=connect_timeout"),
        ("redis://h?response_timeout=0.0", "option=response_timeout"),
        ("redis://h?user_timeout=yes", "option=user_timeout"),
        ("redis://h?default_ttl=0", "option=default_ttl"),
        ("redis://h?default_ttl=no", "option=default_ttl"),
        ("redis://h?max_connections=10", "connections"),
        ("redis://h?retry_on_timeout=True", "at_least_once"),
        ("redis://h?timeout=3", "deadline"),
        ("redis://h?timeouts_before_prob=3", "option=timeouts_before_prob"),
        ("redis://h?username=ann", "user:@host"),
        ("redis://h?keepalive=maybe", "option=keepalive"),
        ("redis://h?nodelay=2", "option=nodelay"),
        ("redis://h?connections=0", "option=connections"),
        ("redis://h?connections=1001", "option=connections"),
        ("redis://h?max_in_flight=0", "option=max_in_flight"),
        ("redis://h?max_in_flight=1000001", "option=max_in_flight"),
        ("redis://h?max_value_bytes=0", "option=max_value_bytes"),
        ("redis://h?max_value_bytes=536870913", "option=max_value_bytes"),
        ("redis://h?at_least_once=yes", "option=at_least_once"),
        ("redis://h?client_name=a%20b", "option=client_name"),
        ("redis://h?db", "name=value"),
        ("redis://h#frag", "%23"),
        ("unix://relative/path", "option=path"),
        ("unix://", "option=path"),
        ("unix:///a%00b", "option=path"),
    ] {
        let error = url.parse::<Config>().expect_err(url);
        assert_eq!(
            (error.kind(), error.retry(), error.outcome()),
            (ErrorKind::Config, Retry::Never, Outcome::NotApplied),
            "{url}"
        );
        assert!(error.to_string().contains(named), "{url}: {error}");
    }
}

#[test]
fn a_config_shows_no_secret() {
    let config = parse("redis://canary-user:canary-password@h");
    assert!(!format!("{config:?} {config:#?}").contains("canary"));
    assert_eq!(config.server, Server::Tcp { host: "h".to_owned(), port: 6379 });
}

const CANARY: &str = "cAnArY4711";

/// Texts in which whatever could separate the parts of a URL is likely.
fn noise() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            Just("/"),
            Just(":"),
            Just("@"),
            Just("?"),
            Just("#"),
            Just("%"),
            Just("&"),
            Just("="),
            Just(","),
            Just("["),
            Just("]"),
            Just("%4"),
            Just("%40"),
            Just("db"),
            Just("1"),
            Just("é"),
            Just(" "),
            Just("\n")
        ],
        0..6,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_text_is_a_config_or_a_config_error(url in "(redis|unix|valkey|redis\\+unix)?(://)?\\PC{0,60}") {
        if let Err(error) = url.parse::<Config>() {
            prop_assert_eq!(error.kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn a_password_never_shows(scheme in "(redis|unix|rediss|redis\\+cluster|x)", before in noise(), after in noise(), rest in noise()) {
        // `unix://:@/…` is the URL of a socket without a password; its path is no secret.
        prop_assume!(!(scheme == "unix" && before.contains("@/")));
        let url = format!("{scheme}://:{before}{CANARY}{after}@h{rest}");
        let shown = match url.parse::<Config>() {
            Ok(config) => format!("{config:?}"),
            Err(error) => format!("{error} {error:?} {:?}", std::error::Error::source(&error)),
        };
        prop_assert!(!shown.contains(CANARY), "{url} shows {shown}");
    }

    #[test]
    fn an_encoded_password_reads_back(password in "\\PC{1,40}") {
        let encoded: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
        prop_assert_eq!(parse(&format!("redis://:{encoded}@h")), tcp("h", 6379).with_password(password));
    }
}
