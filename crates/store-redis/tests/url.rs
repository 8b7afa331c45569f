//! Connection URLs: what they mean, what is refused, and that no refusal shows a secret.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use proptest::prelude::*;
use store_redis::{
    AtLeastOnce, Cluster, Coalescing, Config, Coverage, Deployment, ErrorKind, Keepalive, Lifetime, Outcome, Pem,
    Protocol, ReadFrom, Retry, RetryPolicy, Sentinel, Server, SlotPolicy, Tls, Ttl,
};

fn parse(url: &str) -> Config {
    url.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn tcp(host: &str, port: u16) -> Config {
    Config::tcp(host, port)
}

fn servers<const N: usize>(addresses: [(&str, u16); N]) -> Vec<Server> {
    addresses.into_iter().map(|(host, port)| Server::tcp(host, port)).collect()
}

/// The service `orders` behind one sentinel.
fn sentinel() -> Sentinel {
    Sentinel::new(servers([("h", 26379)]), "orders")
}

/// A cluster with one seed.
fn cluster() -> Cluster {
    Cluster::new(servers([("h", 6379)]))
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
fn a_url_names_sentinels_and_their_service() {
    for (url, expected, service) in [
        ("redis+sentinel://h/orders", servers([("h", 26379)]), "orders"),
        (
            "valkey+sentinel://s1,s2:7,[::1],[::2]:8/a",
            servers([("s1", 26379), ("s2", 7), ("::1", 26379), ("::2", 8)]),
            "a",
        ),
        ("Redis+Sentinel://:7,h/or%2Fders", servers([("localhost", 7), ("h", 26379)]), "or/ders"),
        ("redis+sentinel://h,h/mymaster", servers([("h", 26379), ("h", 26379)]), "mymaster"),
    ] {
        assert_eq!(parse(url), Config::sentinel(Sentinel::new(expected, service)), "{url}");
    }
}

#[test]
fn a_url_names_nodes_of_a_cluster() {
    for (url, expected) in [
        ("redis+cluster://h", servers([("h", 6379)])),
        ("valkey+cluster://h1:7000,h2/", servers([("h1", 7000), ("h2", 6379)])),
        ("redis+cluster://h/0?db=0", servers([("h", 6379)])),
        ("redis+cluster://[fe80::1%25eth0]:1,%68", servers([("fe80::1%eth0", 1), ("h", 6379)])),
    ] {
        assert_eq!(parse(url), Config::cluster(Cluster::new(expected)), "{url}");
    }
}

#[test]
fn a_scheme_that_ends_with_s_asks_for_tls() {
    let tls = || Some(Tls::new());
    for family in ["redis", "valkey"] {
        assert_eq!(parse(&format!("{family}s://h/1")), tcp("h", 6379).with_db(1).with_tls(tls()));
        assert_eq!(parse(&format!("{family}+clusters://h")), Config::cluster(cluster()).with_tls(tls()));
        let expected = Config::sentinel(sentinel().with_tls(Tls::new())).with_tls(tls());
        assert_eq!(parse(&format!("{family}+sentinels://h/orders")), expected);
    }
}

#[test]
fn the_user_of_a_url_is_the_one_on_the_servers() {
    let servers_only = Config::sentinel(sentinel()).with_user("ann", "pw");
    assert_eq!(parse("redis+sentinel://ann:pw@h/orders"), servers_only);
    let both = Config::sentinel(sentinel().with_user("bob", "")).with_user("ann", "pw");
    assert_eq!(parse("redis+sentinel://ann:pw@h/orders?sentinel_username=bob&sentinel_password="), both);
    assert_eq!(parse("redis+cluster://ann:p%2Cw@h"), Config::cluster(cluster()).with_user("ann", "p,w"));
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
        ("timeouts_before_probe=7", h().with_timeouts_before_probe(count(7))),
        ("max_in_flight=10", h().with_max_in_flight(count(10))),
        ("max_value_bytes=1000", h().with_max_value_bytes(1000)),
        ("retries=0", retry(|retry| retry.with_retries(0))),
        (
            "retry_first_pause=0.01&retry_longest_pause=1",
            retry(|retry| retry.with_pauses(Duration::from_millis(10), Duration::from_secs(1))),
        ),
        ("retry_budget_percent=50", retry(|retry| retry.with_budget_percent(50))),
        ("at_least_once=same_effect", retry(|retry| retry.with_at_least_once(AtLeastOnce::SameEffect))),
        ("exclusive_connections=20", h().with_exclusive_connections(NonZeroUsize::new(20).unwrap())),
        ("exclusive_wait=0.5", h().with_exclusive_wait(millis(500))),
        ("read_from=prefer_replica", h().with_read_from(ReadFrom::PreferReplica)),
        ("slot_policy=root", h()),
        ("slot_policy=per_namespace", h().with_slot_policy(SlotPolicy::PerNamespace)),
    ] {
        assert_eq!(parse(&format!("redis://h?{option}")), expected, "{option}");
    }
}

#[test]
fn every_option_of_tls_sets_its_field_for_sentinels_and_servers_alike() {
    let file = |path: &str| Pem::File(path.into());
    let identity = || Tls::new().with_identity(file("/c.pem"), file("/k.pem"));
    for (options, expected) in [
        ("tls_ca_file=/ca%20s.pem", Tls::new().with_roots(file("/ca s.pem"))),
        ("ssl_ca_certs=ca.pem", Tls::new().with_roots(file("ca.pem"))),
        ("tls_cert_file=/c.pem&tls_key_file=/k.pem", identity()),
        ("ssl_keyfile=/k.pem&ssl_certfile=/c.pem", identity()),
        ("tls_server_name=redis.example", Tls::new().with_server_name("redis.example")),
    ] {
        let tls = || Some(expected.clone());
        assert_eq!(parse(&format!("rediss://h?{options}")), tcp("h", 6379).with_tls(tls()), "{options}");
        assert_eq!(parse(&format!("redis+clusters://h?{options}")), Config::cluster(cluster()).with_tls(tls()));
        let behind_sentinels = Config::sentinel(sentinel().with_tls(expected.clone())).with_tls(tls());
        assert_eq!(parse(&format!("redis+sentinels://h/orders?{options}")), behind_sentinels, "{options}");
    }
}

#[test]
fn every_option_of_sentinels_sets_its_field() {
    let plain = || Config::sentinel(sentinel());
    for (option, expected) in [
        ("sentinel_username=ann&sentinel_password=p%26w", Config::sentinel(sentinel().with_user("ann", "p&w"))),
        ("sentinel_password=pw", Config::sentinel(sentinel().with_password("pw"))),
        ("min_other_sentinels=2", Config::sentinel(sentinel().with_min_other_sentinels(2))),
        ("sentinel_poll_interval=0.5", Config::sentinel(sentinel().with_poll_interval(Duration::from_millis(500)))),
        ("read_from=replica", plain().with_read_from(ReadFrom::Replica)),
        ("db=2", plain().with_db(2)),
    ] {
        assert_eq!(parse(&format!("redis+sentinel://h/orders?{option}")), expected, "{option}");
    }
}

#[test]
fn every_option_of_a_cluster_sets_its_field() {
    let at = |address: (&str, u16)| Server::tcp(address.0, address.1);
    let mapped = cluster().with_address(at(("10.0.0.1", 7000)), at(("h1", 6379)));
    let twice = mapped.clone().with_address(at(("::1", 7)), at(("localhost", 8)));
    for (option, expected) in [
        ("coverage=partial", cluster().with_coverage(Coverage::Partial)),
        ("coverage=full", cluster()),
        ("require_full_coverage=False", cluster().with_coverage(Coverage::Partial)),
        ("require_full_coverage=True", cluster()),
        ("cluster_poll_interval=5", cluster().with_poll_interval(Some(Duration::from_secs(5)))),
        ("cluster_poll_interval=no", cluster().with_poll_interval(None)),
        ("address_map=10.0.0.1:7000=h1:6379", mapped.clone()),
        ("address_map=10.0.0.1%3A7000%3Dh1", mapped),
        ("address_map=10.0.0.1:7000=h1,[::1]:7=:8", twice.clone()),
        ("address_map=10.0.0.1%3A7000%3Dh1%2C%5B%3A%3A1%5D%3A7%3D%3A8", twice),
    ] {
        assert_eq!(parse(&format!("redis+cluster://h?{option}")), Config::cluster(expected), "{option}");
    }
    let spread = Config::cluster(cluster()).with_slot_policy(SlotPolicy::PerKey).with_read_from(ReadFrom::Replica);
    assert_eq!(parse("redis+cluster://h?slot_policy=per_key&read_from=replica"), spread);
}

#[test]
fn what_is_wrong_is_a_config_error_that_names_it() {
    for (url, named) in [
        ("", "redis://"),
        ("cache.example:6379", "redis://"),
        ("http://h", "redis://"),
        ("redis+unixs:///s", "redis://"),
        ("redis-sentinel://h/orders", "redis+sentinel://"),
        ("redis://h1:1,h2:2", "redis+cluster://"),
        ("rediss://h1:1,h2:2", "redis+cluster://"),
        ("redis://h1%2Ch2", "option=host"),
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
        ("redis://h?ssl_cert_reqs=none", "danger_accept_any_certificate"),
        ("rediss://h?ssl_check_hostname=no", "danger_accept_any_certificate"),
        ("rediss://h?ssl_ciphers=all", "tls_ca_file"),
        ("redis://h?tls_ca_file=/ca.pem", "option=tls_ca_file"),
        ("redis://h?ssl_certfile=/c.pem", "option=tls_cert_file"),
        ("redis://h?tls_key_file=/k.pem", "option=tls_key_file"),
        ("unix:///s?tls_server_name=h", "option=tls_server_name"),
        ("redis+sentinel://h/orders?tls_ca_file=/ca.pem", "option=tls_ca_file"),
        ("rediss://h?tls_cert_file=/c.pem", "option=tls_key_file"),
        ("rediss://h?tls_key_file=/k.pem", "option=tls_cert_file"),
        ("rediss://h?tls_ca_file=a&ssl_ca_certs=b", "option=tls_ca_file"),
        ("rediss://h?tls_ca_file=", "option=tls_ca_file"),
        ("rediss://h?tls_server_name=a%20b", "option=tls_server_name"),
        ("redis://h?read_from=replica", "option=read_from"),
        ("redis+cluster://h?read_from=nearest", "primary, replica, prefer_replica"),
        ("redis+cluster://h?read_from_replicas=True", "prefer_replica"),
        ("redis+cluster://h?slot_policy=none", "option=slot_policy"),
        ("redis://h?exclusive_connections=1001", "option=exclusive_connections"),
        ("redis://h?exclusive_connections=0", "option=exclusive_connections"),
        ("redis://h?exclusive_wait=0", "option=exclusive_wait"),
        ("redis://h?min_other_sentinels=1", "option=min_other_sentinels"),
        ("redis+cluster://h?sentinel_password=pw", "option=sentinel_password"),
        ("unix:///s?sentinel_username=ann", "option=sentinel_username"),
        ("redis://h?sentinel_poll_interval=1", "option=sentinel_poll_interval"),
        ("redis+sentinel://h/orders?sentinel_poll_interval=0", "option=sentinel_poll_interval"),
        ("redis+sentinel://h/orders?sentinel_poll_interval=off", "option=sentinel_poll_interval"),
        ("redis+sentinel://h/orders?sentinel_username=ann", "option=sentinel_username"),
        ("redis+sentinel://h/orders?min_other_sentinels=-1", "option=min_other_sentinels"),
        ("redis+sentinel://h/orders?coverage=full", "option=coverage"),
        ("redis+sentinel:///orders", "option=sentinels"),
        ("redis+sentinel://h", "option=service"),
        ("redis+sentinel://h/", "option=service"),
        ("redis+sentinel://h/orders/2", "option=service"),
        ("redis+sentinel://h/%F", "option=service"),
        ("redis+sentinel://h,/orders", "option=host"),
        ("redis+sentinel://h:0/orders", "option=port"),
        ("redis+sentinel://ann:pa/ss@h/orders", "percent-encoded"),
        ("redis+sentinel://:pa/ss@h/orders", "percent-encoded"),
        ("redis+cluster://", "option=seeds"),
        ("redis+cluster://,", "option=host"),
        ("redis+cluster://h,%20", "option=host"),
        ("redis+cluster://h,%2Frun%2Fs", "option=host"),
        ("redis+cluster://h/1", "option=db"),
        ("redis+cluster://h/run/s", "option=db"),
        ("redis+cluster://h?db=1", "option=db"),
        ("redis+cluster://ann@h", "option=username"),
        ("redis+cluster://h?coverage=half", "option=coverage"),
        ("redis+cluster://h?coverage=full&require_full_coverage=no", "option=coverage"),
        ("redis+cluster://h?cluster_poll_interval=0.0", "option=cluster_poll_interval"),
        ("redis+cluster://h?cluster_poll_interval=86401", "option=cluster_poll_interval"),
        ("redis+cluster://h?address_map=a", "option=address_map"),
        ("redis+cluster://h?address_map=a=", "option=address_map"),
        ("redis+cluster://h?address_map=a=b=c", "option=address_map"),
        ("redis+cluster://h?address_map=a=b,", "option=address_map"),
        ("redis+cluster://h?address_map=a:x=b", "option=address_map"),
        ("redis+cluster://h?address_map=a:0=b", "option=port"),
        ("redis://h?address_map=a=b", "option=address_map"),
        ("redis://h?keepalive=32768", "option=keepalive"),
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
fn the_table_of_redis_py_names_options_that_exist() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/redis-py-options.md");
    let table = std::fs::read_to_string(path).unwrap();
    let is_known = |option: &str| {
        let parsed = format!("redis://h?{option}=~").parse::<Config>();
        parsed.map_or_else(|error| !error.to_string().contains("unknown option"), |_| true)
    };
    let ours = table.split("`?").skip(1).map(|rest| rest.split(['=', '`']).next().unwrap());
    let rows = table.lines().filter(|row| row.contains("| the same name"));
    let first_cells = rows.map(|row| row.split('|').nth(1).unwrap());
    let theirs = first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let unknown: Vec<&str> = ours.chain(theirs).filter(|option| !is_known(option)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(!is_known("no_such_option"));
}

#[test]
fn a_config_shows_no_secret() {
    let config =
        parse("redis+sentinel://canary-user:canary-pw@h/s?sentinel_username=canary-a&sentinel_password=canary-b");
    assert!(!format!("{config:?} {config:#?}").contains("canary"));
    let sentinel = Sentinel::new(servers([("h", 26379)]), "s").with_user("canary-a", "canary-b");
    assert_eq!(config, Config::sentinel(sentinel).with_user("canary-user", "canary-pw"));
}

const CANARY: &str = "cAnArY4711";

/// Texts in which whatever could separate the parts of a URL is likely.
fn noise() -> impl Strategy<Value = String> {
    const PIECES: [&str; 20] = [
        "/",
        ":",
        "@",
        "?",
        "#",
        "%",
        "&",
        "=",
        ",",
        "[",
        "]",
        "%4",
        "%40",
        "%2C",
        "db",
        "tls_ca_file",
        "1",
        "é",
        " ",
        "\n",
    ];
    proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..6).prop_map(|pieces| pieces.concat())
}

/// Schemes of every form, and some that are none.
fn scheme() -> impl Strategy<Value = String> {
    "(unix|redis|valkey|x)(s|\\+unix|\\+sentinels?|\\+clusters?)?"
}

/// A text with every byte of it percent-encoded.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn host() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        "[a-z0-9._-]{1,12}".prop_map(|name| (name.clone(), name)),
        any::<std::net::Ipv4Addr>().prop_map(|address| (address.to_string(), address.to_string())),
        any::<std::net::Ipv6Addr>().prop_map(|address| (address.to_string(), format!("[{address}]"))),
    ]
}

/// A server, and how a URL spells it.
fn server(default_port: u16) -> impl Strategy<Value = (Server, String)> {
    (host(), proptest::option::of(1..=u16::MAX)).prop_map(move |((host, spelled), port)| {
        let spelled = port.map_or(spelled.clone(), |port| format!("{spelled}:{port}"));
        (Server::tcp(host, port.unwrap_or(default_port)), spelled)
    })
}

/// Servers, and the list of them in a URL.
fn list(default_port: u16) -> impl Strategy<Value = (Vec<Server>, String)> {
    proptest::collection::vec(server(default_port), 1..5).prop_map(|each| {
        let (servers, spelled): (_, Vec<String>) = each.into_iter().unzip();
        (servers, spelled.join(","))
    })
}

fn shown(parsed: &Result<Config, store_redis::Error>) -> String {
    match parsed {
        Ok(config) => format!("{config:?} {config:#?}"),
        Err(error) => format!("{error} {error:?} {:?}", std::error::Error::source(error)),
    }
}

proptest! {
    #[test]
    fn any_text_is_a_config_or_a_config_error(scheme in scheme(), begin in "(://)?", text in "\\PC{0,60}", noise in noise()) {
        for url in [format!("{scheme}{begin}{text}"), format!("{scheme}{begin}{noise}"), format!("{scheme}{begin}h{noise}")] {
            if let Err(error) = url.parse::<Config>() {
                prop_assert_eq!(error.kind(), ErrorKind::Config);
            }
        }
    }

    #[test]
    fn any_options_are_a_config_or_a_config_error(
        form in proptest::sample::select(&["rediss://h", "redis+sentinels://h/s", "redis+clusters://h", "unix:///s"][..]),
        options in proptest::collection::vec(("[a-z_]{1,24}|db|address_map|keepalive|coverage|deadline|ssl_ca_certs", "\\PC{0,12}"), 0..4),
    ) {
        let query: Vec<String> = options.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if let Err(error) = format!("{form}?{}", query.join("&")).parse::<Config>() {
            prop_assert_eq!(error.kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn a_password_never_shows(scheme in scheme(), before in noise(), after in noise(), rest in noise()) {
        // `unix://:@/…` is the URL of a socket without a password; its path is no secret.
        prop_assume!(!(scheme.contains("unix") && before.contains("@/")));
        let url = format!("{scheme}://:{before}{CANARY}{after}@h{rest}");
        let shown = shown(&url.parse());
        prop_assert!(!shown.contains(CANARY), "{url} shows {shown}");
    }

    #[test]
    fn a_password_in_an_option_never_shows(
        form in proptest::sample::select(&["redis://h", "unix:///s", "redis+sentinel://h/s", "redis+cluster://h", "redis+clusters://h"][..]),
        place in 0..4_usize,
        before in noise(),
        after in noise(),
    ) {
        // Behind an unencoded & begins another option, whose value is no secret.
        let secret = format!("{}{CANARY}{after}", before.replace('&', ""));
        let options = ["username", "password", "sentinel_username", "sentinel_password"];
        let option = |(index, name)| format!("{name}={}", if index == place { &secret } else { "x" });
        let query: Vec<String> = options.into_iter().enumerate().map(option).collect();
        for query in [query.join("&"), query[..2].join("&"), query[place].clone()] {
            let url = format!("{form}?{query}");
            let shown = shown(&url.parse());
            prop_assert!(!shown.contains(CANARY), "{url} shows {shown}");
        }
    }

    #[test]
    fn an_encoded_user_reads_back(username in "\\PC{1,40}", password in "\\PC{0,40}") {
        let user_info = format!("{}:{}", encoded(&username), encoded(&password));
        let user = |config: Config| config.with_user(&username, &password);
        prop_assert_eq!(parse(&format!("redis://{user_info}@h")), user(tcp("h", 6379)));
        prop_assert_eq!(parse(&format!("unix://{user_info}@/s")), user(Config::unix("/s")));
        prop_assert_eq!(parse(&format!("redis+sentinel://{user_info}@h/orders")), user(Config::sentinel(sentinel())));
        prop_assert_eq!(parse(&format!("redis+cluster://{user_info}@h")), user(Config::cluster(cluster())));
        let options = format!("username={}&password={}", encoded(&username), encoded(&password));
        prop_assert_eq!(parse(&format!("redis+cluster://h?{options}")), user(Config::cluster(cluster())));
    }

    #[test]
    fn a_server_reads_back((server, spelled) in server(6379), db in any::<u32>()) {
        let expected = Config::tcp("", 1).with_deployment(Deployment::Standalone(server)).with_db(db);
        prop_assert_eq!(parse(&format!("redis://{spelled}/{db}")), expected);
    }

    #[test]
    fn sentinels_read_back((sentinels, spelled) in list(26379), service in "\\PC{1,20}", db in any::<u32>()) {
        let url = format!("redis+sentinel://{spelled}/{}?db={db}", encoded(&service));
        prop_assert_eq!(parse(&url), Config::sentinel(Sentinel::new(sentinels, service)).with_db(db));
    }

    #[test]
    fn a_cluster_reads_back((seeds, spelled) in list(6379), map in proptest::collection::vec((server(6379), server(6379)), 1..4)) {
        let mut cluster = Cluster::new(seeds);
        let mut pairs = Vec::new();
        for ((announced, from), (reachable, to)) in map {
            cluster = cluster.with_address(announced, reachable);
            pairs.push(format!("{from}={to}"));
        }
        let map = pairs.join(",");
        prop_assert_eq!(parse(&format!("redis+cluster://{spelled}?address_map={map}")), Config::cluster(cluster.clone()));
        prop_assert_eq!(parse(&format!("redis+cluster://{spelled}?address_map={}", encoded(&map))), Config::cluster(cluster));
    }

    #[test]
    fn a_duration_reads_back(millis in 1..=86_400_000_u64) {
        let expected = tcp("h", 6379).with_deadline(Duration::from_millis(millis));
        prop_assert_eq!(parse(&format!("redis://h?deadline={}.{:03}", millis / 1000, millis % 1000)), expected);
    }
}
