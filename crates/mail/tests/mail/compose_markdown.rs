//! Markdown as text and as HTML.

use guichet_mail::compose::TextBody;

use crate::composing::texts;

#[test]
fn markdown_is_made_readable_text() {
    let text = |markdown: &str| texts(TextBody::Markdown(markdown.to_owned()), None, Vec::new()).0;
    assert_eq!(
        text("# Hello\n\nTwo\nlines, **bold**, *soft*, ~~gone~~ and `code`."),
        "Hello\n\nTwo\nlines, *bold*, _soft_, ~gone~ and `code`."
    );
    assert_eq!(
        text("1. one\n2. two\n   - in\n   - deep\n\nafter"),
        "1. one\n2. two\n   - in\n   - deep\n\nafter"
    );
    assert_eq!(text("> they said\n> this\n\nbut"), "> they said\n> this\n\nbut");
    assert_eq!(text("```\nlet x;\n\nlet y;\n```\nend"), "    let x;\n\n    let y;\n\nend");
    assert_eq!(
        text("[here](https://x.example/a) and <https://x.example/b> and [no](javascript:x)"),
        "here <https://x.example/a> and https://x.example/b and no"
    );
    assert_eq!(text("a \\* b &amp; c"), "a * b & c");
    assert_eq!(text("| a | b |\n|---|---|\n| 1 | 2 |"), "a | b\n1 | 2");
    assert_eq!(text("- a\n\n- b"), "- a\n\n- b");
    assert_eq!(text("a\n\n---\n\nb"), "a\n\n----------\n\nb");
    assert_eq!(text("-\n- x"), "-\n- x");
}

#[test]
fn html_of_markdown_is_safe() {
    let html = |markdown: &str| texts(TextBody::Markdown(markdown.to_owned()), None, Vec::new()).1;
    for attack in [
        "<script>alert(1)</script>",
        "x <img src=x onerror=alert(1)>",
        "[x](javascript:alert%281%29)",
        "[x](<data:text/html,alert>)",
        "![x](data:image/svg+xml,alert)",
        "![x](cid:absent)",
        "<javascript:alert(1)>",
        "[x](/relative \"t\")",
        "[x]: javascript:alert(1)\n\n[x]",
    ] {
        let html = html(attack);
        for start in ["<script", "<img", "<a "] {
            assert!(!html.contains(start), "{attack} became {html}");
        }
    }
    assert!(html("a <b>c</b>").contains("<p>a &lt;b&gt;c&lt;/b&gt;</p>"));
    assert!(
        html("[x](https://x.example/?a=\"b\")").contains("<a href=\"https://x.example/?a=%22b%22\">x</a>")
    );
    assert!(html("see https://x.example/a_b_c, or (http://y.example).").contains(
        "see <a href=\"https://x.example/a_b_c\">https://x.example/a_b_c</a>, or (<a href=\"http://y.example\">http://y.example</a>)."
    ));
    assert!(html("`https://x.example`").contains("<code>https://x.example</code>"));
    assert!(html("one\ntwo").contains("one<br />\ntwo"));
    assert!(html("x").starts_with("<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n"));
}

// zammad#2416
#[test]
fn markdown_bombs_cost_little() {
    let bombs = [
        ">".repeat(50_000) + "x\n" + &"y\n".repeat(10_000),
        "http".repeat(50_000),
        "http://a".to_owned() + &")".repeat(100_000),
        "[".repeat(50_000),
        "![](".repeat(20_000),
        "*a _b ".repeat(20_000),
        "- ".repeat(20_000) + "x",
        "<a ".repeat(20_000),
        "`".repeat(50_000),
        "|".repeat(20_000) + "\n" + &"|-".repeat(20_000) + "\n" + &"|\n".repeat(1_000),
    ];
    for bomb in bombs {
        let bytes = bomb.len();
        let (text, html) = texts(TextBody::Markdown(bomb), None, Vec::new());
        assert!(text.len() < bytes * 8 && html.len() < bytes * 40);
    }
}
