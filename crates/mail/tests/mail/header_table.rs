//! Header strings as real programs write them, and what a person must read.

use guichet_mail::encoded_word::decode;

use crate::reading::{read, read_octets};

// zammad#2227; freescout#3167, #3177, #5265, #1744
#[test]
fn case_27_forty_header_strings() {
    let table = [
        ("plain words", "plain words"),
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?UTF-8?Q?caf=c3=a9?=", "café"),
        ("=?utf-8?B?Y2Fmw6k=?=", "café"),
        ("=?utf-8?B?Y2Fmw6k?=", "café"),
        ("=?utf-8?b?Y2Fm w6k=?=", "café"),
        ("=?iso-8859-1?q?caf=E9?=", "café"),
        ("=?ISO-8859-15?Q?=A4_5?=", "€ 5"),
        ("=?windows-1252?q?=80_5?=", "€ 5"),
        ("=?windows-1258?q?Vi=D2t?=", "Vi\u{309}t"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?gb2312?B?6MQ=?=", "枘"),
        ("=?gbk?B?xOO6ww==?=", "你好"),
        ("=?iso-2022-jp?B?GyRCJDMkcxsoQg==?=", "こん"),
        ("=?shift_jis?B?grGC8Q==?=", "こん"),
        ("=?ks_c_5601-1987?B?vsiz5w==?=", "안녕"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=\t=?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= b", "a b"),
        ("a =?utf-8?q?b?=", "a b"),
        ("=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=", "café"),
        ("=?utf-8?B?8J+Y?= =?utf-8?B?gA==?=", "😀"),
        ("=?utf-8?q?=F0=9F=98?=", "\u{FFFD}"),
        ("=?utf-8?q?two words?=", "two words"),
        ("=?utf-8?q?under_score?=", "under score"),
        ("=?utf-8?q?what=3F?=", "what?"),
        ("=?utf-8*en?q?colour?=", "colour"),
        ("=?utf-8?x?colour?=", "=?utf-8?x?colour?="),
        ("=?utf-8?q?never ends", "=?utf-8?q?never ends"),
        ("=?nonsense-1?q?abc?=", "abc"),
        ("=?us-ascii?q?caf=C3=A9?=", "café"),
        ("=?utf-8?q?bad=ZZ?=", "bad=ZZ"),
        ("=?utf-8?q??=", ""),
        ("=?utf-8?q?=00?=", "\0"),
        ("x=?utf-8?q?y?=z", "xyz"),
        ("=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "aé"),
        ("=?unknown-8bit?q?caf=E9?=", "café"),
        ("1 =? 2 ?= 3", "1 =? 2 ?= 3"),
    ];
    assert_eq!(table.len(), 40);
    for (header, expected) in table {
        assert_eq!(decode(header), expected, "{header}");
    }
}

#[test]
fn subjects_are_one_line_without_controls() {
    let subject = |raw: &[u8]| read_octets(&[b"Subject: ", raw, b"\r\n\r\nx"].concat()).subject;
    assert_eq!(subject(b"folded\r\n line"), "folded line");
    assert_eq!(subject(b"raw caf\xC3\xA9"), "raw café");
    assert_eq!(subject(b"raw caf\xE9"), "raw café");
    assert_eq!(subject(b"=?utf-8?q?a=0D=0ABcc=3A_b=1B=07?="), "a Bcc: b");
    assert_eq!(subject(b"=?utf-8?q?=E2=80=AEfdp.exe?="), "fdp.exe");
    assert_eq!(subject(&[b'a'; 5_000]).len(), 500);
}

fn name(parameters: &str) -> Option<String> {
    let mail = format!("From: a@x.example\nContent-Type: application/pdf{parameters}\n\nx\n");
    read(&mail).parts[0].name.clone()
}

#[test]
fn case_27_file_names() {
    let table = [
        ("; name=report.pdf", "report.pdf"),
        ("; name=\"my report.pdf\"", "my report.pdf"),
        ("; name=my report.pdf", "my report.pdf"),
        ("; name*=utf-8''caf%C3%A9.pdf", "café.pdf"),
        ("; name*=iso-8859-1'de'caf%E9.pdf", "café.pdf"),
        ("; name*=utf-8''caf%E9.pdf", "café.pdf"),
        ("; name*0*=utf-8''caf%C3; name*1*=%A9.pdf", "café.pdf"),
        ("; name*1=b.pdf; name*0=a", "ab.pdf"),
        ("; name=\"x.pdf\"; name*=utf-8''y.pdf", "y.pdf"),
        ("; name=\"=?utf-8?q?caf=C3=A9.pdf?=\"", "café.pdf"),
        ("; name==?utf-8?q?caf=C3=A9.pdf?=", "café.pdf"),
        ("; name=\"semi;colon.pdf\"", "semi;colon.pdf"),
    ];
    for (parameters, expected) in table {
        assert_eq!(name(parameters).as_deref(), Some(expected), "{parameters}");
    }
}

// freescout#1359; mailpile#2083: script in a file name, names that leave their directory
#[test]
fn case_38_file_names_are_harmless() {
    let table = [
        ("../../etc/passwd", Some("passwd")),
        ("C:\\Users\\a\\x.pdf", Some("x.pdf")),
        ("<script>alert(1)</script>.svg", Some("script_.svg")),
        ("a\u{202E}fdp.exe", Some("afdp.exe")),
        (".bashrc", Some("bashrc")),
        ("..", None),
        ("a\tb.txt", Some("a b.txt")),
    ];
    for (written, expected) in table {
        assert_eq!(name(&format!("; name=\"{written}\"")).as_deref(), expected, "{written}");
    }
    let long = name(&format!("; name=\"{}.pdf\"", "é".repeat(500))).unwrap();
    assert!(long.ends_with("….pdf") && long.chars().count() <= 121, "{long}");
}
