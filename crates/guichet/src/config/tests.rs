use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::settings::{SECTIONS, all};
use super::{Configuration, Flags, Loaded, load};

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn set(pairs: &[(&str, &str)]) -> Flags {
    let values = pairs.iter().map(|(key, value)| ("--set", (*key).to_owned(), (*value).to_owned()));
    Flags { file: None, values: values.collect() }
}

/// Loads with `file` as ./guichet.toml.
fn with_file(file: &str, env: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Loaded, String> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("guichet.toml"), file).unwrap();
    let loaded = load(directory.path(), &variables(env), set(flags));
    loaded.map_err(|error| error.to_string().replace(&format!("{}/", directory.path().display()), ""))
}

/// With these settings, and else the defaults.
pub(crate) fn configured(settings: &[(&str, &str)]) -> Configuration {
    with_file("", &[], settings).unwrap().configuration
}

fn defaults() -> Configuration {
    configured(&[])
}

#[test]
fn the_defaults_are_those_of_the_first_start() {
    let configuration = defaults();
    assert_eq!(configuration.data_dir, Path::new("./guichet-data"));
    assert_eq!(configuration.smtp.listen.0, ["127.0.0.1:2525".parse().unwrap()]);
    assert_eq!(configuration.smtp.size_max.get(), 50_000_000);
    assert_eq!(configuration.http.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(configuration.base_domain.as_str(), "desk.localhost");
    assert!(configuration.tls.certificate.is_none() && configuration.dns.servers.is_empty());
}

#[test]
fn each_source_overrides_the_one_before() {
    let file = "smtp.size_max = \"20 MB\"";
    let env = [("GUICHET_SMTP_SIZE_MAX", "30 MB")];
    let flag = [("smtp.size_max", "40 MB")];
    for (file, env, flags, expected) in [
        ("", &[][..], &[][..], 50_000_000),
        (file, &[], &[], 20_000_000),
        (file, &env, &[], 30_000_000),
        ("", &env, &[], 30_000_000),
        (file, &env, &flag, 40_000_000),
        (file, &[], &flag, 40_000_000),
    ] {
        let loaded = with_file(file, env, flags).unwrap();
        assert_eq!(loaded.configuration.smtp.size_max.get(), expected, "{file} {env:?} {flags:?}");
    }
}

#[test]
fn sources_override_key_by_key() {
    let file = "[smtp]\nhostname = \"mx.example.org\"\nrecipients_max = 200\n";
    let loaded = with_file(file, &[("GUICHET_SMTP_RECIPIENTS_MAX", "300")], &[]).unwrap();
    assert_eq!(loaded.configuration.smtp.hostname.unwrap().as_str(), "mx.example.org");
    assert_eq!(loaded.configuration.smtp.recipients_max.get(), 300);
}

#[test]
fn lists_are_arrays_or_texts_with_commas() {
    let expected = ["127.0.0.1:25".parse().unwrap(), "[::1]:25".parse().unwrap()];
    let array = "smtp.listen = [\"127.0.0.1:25\", \"[::1]:25\"]";
    let text = "127.0.0.1:25, [::1]:25";
    for loaded in [
        with_file(array, &[], &[]),
        with_file(&format!("smtp.listen = {text:?}"), &[], &[]),
        with_file("", &[("GUICHET_SMTP_LISTEN", text)], &[]),
        with_file("", &[], &[("smtp.listen", text)]),
    ] {
        assert_eq!(loaded.unwrap().configuration.smtp.listen.0, expected);
    }
}

#[test]
fn sizes_have_units_of_both_kinds() {
    for (text, bytes) in [
        ("1000000", 1_000_000),
        ("1_000_000", 1_000_000),
        ("1000000 B", 1_000_000),
        ("100 kB", 100_000),
        ("64KiB", 65_536),
        ("2 mb", 2_000_000),
        ("2 MiB", 2_097_152),
        ("1GB", 1_000_000_000),
    ] {
        let loaded = with_file("", &[], &[("smtp.size_max", text)]).unwrap();
        assert_eq!(loaded.configuration.smtp.size_max.get(), bytes, "{text}");
    }
    for text in
        ["50 XB", "-1", "1.5 MB", "MB", "", "64 B", "99999999999999999999 GB", "18446744073709551615 TB"]
    {
        assert!(with_file("", &[], &[("smtp.size_max", text)]).is_err(), "{text}");
    }
}

#[test]
fn each_bad_input_gets_its_sentence() {
    let size = "a size from 65536 to 1 GB, in bytes or with a unit: `50 MB`, `64 MiB`";
    let address = "an IP address with a port, as in `127.0.0.1:2525` or `[::1]:2525`";
    for (file, sentence) in [
        ("smtp.lisen = \"x\"", "unknown key smtp.lisen in guichet.toml; did you mean smtp.listen?".to_owned()),
        ("[colour]\nscheme = 1", "unknown key colour.scheme in guichet.toml; docs/configuration.md lists the keys".to_owned()),
        ("smtp = 3", "unknown key smtp in guichet.toml; docs/configuration.md lists the keys".to_owned()),
        ("smtp.listen.port = 3", "unknown key smtp.listen.port in guichet.toml; docs/configuration.md lists the keys".to_owned()),
        ("smtp.size_max = \"50 XB\"", format!("smtp.size_max in guichet.toml is \"50 XB\"; expected {size}")),
        ("smtp.size_max = [1, 2]", format!("smtp.size_max in guichet.toml is [\"1\", \"2\"]; expected {size}")),
        ("http.listen = \"8080\"", format!("http.listen in guichet.toml is \"8080\"; expected {address}")),
        ("smtp.listen = []", format!("smtp.listen in guichet.toml is []; expected one or more, each {address}; port 0 takes a free one")),
        ("smtp.starttls = \"maybe\"", "smtp.starttls in guichet.toml is \"maybe\"; expected `true` or `false`".to_owned()),
        ("smtp.recipients_max = 1", "smtp.recipients_max in guichet.toml is \"1\"; expected a whole number from 100 to 10000".to_owned()),
        ("tls.key = \"key.pem\"", "tls.certificate and tls.key go together: give both or neither".to_owned()),
        ("log.level = \"loud\"", "log.level in guichet.toml is \"loud\"; expected `error`, `warn`, `info`, `debug` or `trace`, or such words by module: `info,guichet_intake=debug`".to_owned()),
        ("data_dir = \"\"", "data_dir in guichet.toml is \"\"; expected a path".to_owned()),
    ] {
        assert_eq!(with_file(file, &[], &[]).unwrap_err(), sentence, "{file}");
    }
    let error = with_file("ok = 1\nsmtp.listen = \n", &[], &[]).unwrap_err();
    assert!(error.starts_with("guichet.toml, line 2: ") && !error.contains('\n'), "{error}");
}

#[test]
fn a_text_without_quotes_is_told_what_it_lacks() {
    for (line, key) in [
        ("listen = 127.0.0.1:2525", "listen"),
        ("hostname = mx.example.org", "hostname"),
        ("size_max = 50 MB", "size_max"),
        ("starttls = yes", "starttls"),
    ] {
        let error = with_file(&format!("[smtp]\n{line}\n"), &[], &[]).unwrap_err();
        let hint = format!("; a text needs quotes, as in {key} = \"...\"");
        assert!(error.starts_with("guichet.toml, line 2: ") && error.ends_with(&hint), "{error}");
    }
    for line in ["listen = \"127.0.0.1:2525", "listen = [\"a\"", "listen =", "listen"] {
        let error = with_file(&format!("[smtp]\n{line}\n"), &[], &[]).unwrap_err();
        assert!(!error.contains("quotes, as in"), "{error}");
    }
}

#[test]
fn a_slip_in_a_variable_is_an_error_and_a_stranger_is_let_be() {
    let error = with_file("", &[("GUICHET_SMTP_LISEN", "x")], &[]).unwrap_err();
    assert_eq!(error, "unknown environment variable GUICHET_SMTP_LISEN; did you mean GUICHET_SMTP_LISTEN?");
    let error = with_file("", &[("GUICHET_SMTP_STARTTLS", "x")], &[]).unwrap_err();
    let sentence = "smtp.starttls in the environment variable GUICHET_SMTP_STARTTLS is \"x\"; expected `true` or `false`";
    assert_eq!(error, sentence);
    let env = [("GUICHET_PORT", "tcp://10.0.0.1:80"), ("GUICHET_SERVICE_HOST", "10.0.0.1"), ("HOME", "/")];
    assert_eq!(with_file("", &env, &[]).unwrap().strangers, ["GUICHET_PORT", "GUICHET_SERVICE_HOST"]);
}

#[test]
fn flags_are_held_to_the_same_table() {
    let error = with_file("", &[], &[("smtp.lisen", "x")]).unwrap_err();
    assert_eq!(error, "unknown key smtp.lisen in the flag --set; did you mean smtp.listen?");
    let error = super::split_set("smtp.listen").unwrap_err().to_string();
    assert_eq!(error, "--set smtp.listen: expected key=value, as in --set smtp.size_max=20MB");
}

#[test]
fn a_named_file_must_exist_and_the_usual_one_need_not() {
    let directory = tempfile::tempdir().unwrap();
    assert!(load(directory.path(), &[], Flags::default()).unwrap().file.is_none());
    let named = directory.path().join("other.toml");
    let flags = Flags { file: Some(named.clone()), values: Vec::new() };
    let error = load(directory.path(), &[], flags.clone()).unwrap_err().to_string();
    assert!(error.contains("other.toml: can't be read (No such file"), "{error}");

    fs::write(&named, "base_domain = \"desk.example\"").unwrap();
    let emptied = variables(&[("GUICHET_CONFIG", "")]);
    assert!(load(directory.path(), &emptied, Flags::default()).unwrap().file.is_none());
    let by_variable = variables(&[("GUICHET_CONFIG", named.to_str().unwrap())]);
    for loaded in [load(directory.path(), &[], flags), load(directory.path(), &by_variable, Flags::default())]
    {
        assert_eq!(loaded.unwrap().configuration.base_domain.as_str(), "desk.example");
    }
}

#[test]
fn an_endless_file_is_not_read_to_its_end() {
    let flags = Flags { file: Some("/dev/zero".into()), values: Vec::new() };
    let error = load(Path::new("."), &[], flags).unwrap_err().to_string();
    assert_eq!(error, "/dev/zero: larger than 1048576 bytes; this is hardly a configuration file");
}

#[test]
fn networks_are_addresses_with_a_prefix_that_fits() {
    let text = "192.0.2.1,10.0.0.0/8,2001:db8::/32";
    let loaded = with_file("", &[], &[("smtp.proxy_protocol_from", text)]).unwrap();
    let bits: Vec<u8> =
        loaded.configuration.smtp.proxy_protocol_from.iter().map(|network| network.prefix_bits).collect();
    assert_eq!(bits, [32, 8, 32]);
    for text in ["10.0.0.0/33", "2001:db8::/129", "10.0.0.0/", "proxy.example", "10.0.0.0/8/8"] {
        assert!(with_file("", &[], &[("smtp.proxy_protocol_from", text)]).is_err(), "{text}");
    }
}

#[test]
fn every_setting_is_said_in_full_sentences() {
    for section in SECTIONS {
        assert!(section.about.concat().ends_with('.'), "{}", section.name);
    }
    for setting in all() {
        assert!(setting.about.concat().ends_with('.'), "{}", setting.key);
        assert!(!(setting.expected)().is_empty(), "{}", setting.key);
    }
}

#[test]
fn the_example_file_uncommented_is_the_defaults() {
    let uncommented: String = super::example()
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    let loaded = with_file(&uncommented, &[], &[]).unwrap();
    assert_eq!(format!("{:?}", loaded.configuration), format!("{:?}", defaults()));
    assert_eq!(uncommented.lines().filter(|line| line.contains(" = ")).count(), all().count());
}

#[test]
fn the_committed_files_are_what_the_table_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (path, text) in
        [("docs/configuration.md", super::reference()), ("resources/guichet.toml", super::example())]
    {
        let committed = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(committed == text, "{path} is old; run `cargo xtask generate`");
    }
}
