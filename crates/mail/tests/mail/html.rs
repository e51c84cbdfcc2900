//! HTML of strangers: cleaned, and turned into text.

use guichet_mail::{SanitiseLimits, SanitisedHtml, html_to_text, sanitise_html};

fn clean(html: &str) -> SanitisedHtml {
    sanitise_html(html, &SanitiseLimits::default(), |id| (id == "logo@x").then(|| "/parts/2".to_owned()))
}

fn repeated(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

fn is_affordable(html: &str) -> bool {
    !clean(html).is_fallback
}

#[test]
fn nothing_that_acts_gets_through() {
    let attacks = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<iframe src=\"https://evil.example\"></iframe>",
        "<form action=\"https://evil.example\"><input name=alert></form>",
        "<style>body{background:url(https://evil.example)}</style>",
        "<div style=\"background-image:url(https://evil.example/alert)\">x</div>",
        "<div style=\"position:fixed;top:0\">x</div>",
        "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
        "<base href=\"https://evil.example/\">",
        "<math><mi xlink:href=\"javascript:alert(1)\">x</mi></math>",
        "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">",
        "<a href=\"cid:logo@x\">x</a>",
        "<blockquote cite=\"https://evil.example\">x</blockquote>",
    ];
    for attack in attacks {
        let html = clean(attack).html;
        for word in ["alert", "evil.example", "javascript", "fixed", "<form", "<style", "cid:"] {
            assert!(!html.contains(word), "{attack} became {html}");
        }
    }
}

#[test]
fn links_open_elsewhere_and_tell_nothing() {
    assert_eq!(
        clean("<a href=\"https://x.example/a?b=1&amp;c=2\">go</a>").html,
        "<a href=\"https://x.example/a?b=1&amp;c=2\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">go</a>"
    );
}

// freescout#1359, #4788; uvdesk/community-skeleton#48
#[test]
fn case_38_a_link_that_names_another_host_is_marked() {
    let mismatches =
        |href: &str, text: &str| clean(&format!("<a href=\"{href}\">{text}</a>")).link_mismatches;
    assert_eq!(mismatches("https://evil.example/login", "https://www.bank.example/login"), 1);
    assert_eq!(mismatches("https://evil.example", "<b>www.bank.example</b>"), 1);
    assert_eq!(mismatches("https://bank.example@evil.example/", "bank.example"), 1);
    assert_eq!(mismatches("https://192.0.2.1/", "bank.example"), 1);
    assert_eq!(mismatches("https://bank.example.evil.example/", "bank.example"), 1);
    assert_eq!(mismatches("https://www.bank.example/", "bank.example"), 0);
    assert_eq!(mismatches("https://click.bank.example/", "https://bank.example/a"), 0);
    assert_eq!(mismatches("https://evil.example/", "report.pdf"), 0);
    assert_eq!(mismatches("https://evil.example/", "Click here"), 0);
    let marked = clean("<a href=\"https://evil.example/\">bank.example</a>").html;
    assert!(marked.contains("data-link-host=\"evil.example\">bank.example</a>"), "{marked}");
}

#[test]
fn remote_pictures_are_held_back_and_inline_ones_found() {
    let result = clean(
        "<img src=\"https://t.example/p.gif?a=1&amp;b=2\" alt=\"x\"><img alt=y src=\"CID:logo%40x\"><img src=\"cid:none\">",
    );
    assert_eq!(result.remote_images, 1);
    assert_eq!(
        result.html,
        "<img data-remote-src=\"https://t.example/p.gif?a=1&amp;b=2\" alt=\"x\"><img alt=\"y\" src=\"/parts/2\"><img src=\"\">"
    );
    assert_eq!(
        clean("<img src=\"data:image/png;base64,AAAA\">").html,
        "<img src=\"data:image/png;base64,AAAA\">"
    );
}

#[test]
fn a_quote_in_an_attribute_does_not_break_out() {
    let html = clean(
        "<img alt='\" src=\"https://t.example/x' title='>'><a title='\"><b' href='https://x.example'>x</a>",
    )
    .html;
    assert!(!html.contains(" src=\""), "{html}");
    assert!(html.ends_with("x</a>"), "{html}");
}

// zammad#2706: content lost
#[test]
fn case_37_layout_survives() {
    let html = "<table width=\"600\" bgcolor=\"#fff\"><tbody><tr><td style=\"color:red\">Hi</td></tr></tbody></table>";
    assert_eq!(clean(html).html, html);
}

// zammad#2416, #4463, #2390
#[test]
fn case_23_bombs_cost_little() {
    let bombs = [
        "<div>".repeat(100_000),
        "<b class=x>".repeat(10_000) + &"<p>x</p>".repeat(10_000),
        repeated(600, |i| format!("<font color=c{i}>")) + &"<p>x</p>".repeat(10_000),
        format!("<a {}>", repeated(50_000, |i| format!("a{i} "))),
        format!("<style><a x=\"</style><a {}>", repeated(50_000, |i| format!("a{i} "))),
        format!("<a x=1 =\"{}\">", repeated(50_000, |i| format!("a{i} "))),
        "<dd><li>".repeat(50_000),
        "<div></x>".repeat(50_000),
        "x".repeat(3_000_000),
    ];
    for bomb in &bombs {
        let result = clean(bomb);
        assert!(result.is_fallback, "{}", &bomb[..40]);
        assert!(result.html.len() <= bomb.len() + 100);
        let _ = html_to_text(bomb, &SanitiseLimits::default());
    }
    assert!(is_affordable(&"<a href=\"https://x.example\">x</a> ".repeat(20_000)));
    assert!(is_affordable(&" \t\r\n".repeat(400_000)));
    assert!(is_affordable(&"<li>point\n".repeat(3_000)));
    assert!(is_affordable(&format!("<p title=\"{}\">x</p>", "many words ".repeat(5_000))));
    assert!(is_affordable(&format!("{}x{}", "<table><tr><td>".repeat(60), "</td></tr></table>".repeat(60))));
}

#[test]
fn what_is_beyond_the_limits_is_escaped_text() {
    let limits = SanitiseLimits { tags_max: 2, ..SanitiseLimits::default() };
    let result = sanitise_html("<b>a</b><i>b</i><u>&lt;script&gt;</u>", &limits, |_| None);
    assert!(result.is_fallback);
    assert_eq!(result.html, "<pre> a  b  &amp;lt;script&amp;gt; </pre>");
}

#[test]
fn html_becomes_text() {
    let text = |html: &str| html_to_text(html, &SanitiseLimits::default());
    assert_eq!(
        text("<head><title>T</title><style>p{}</style></head><p>Hello&nbsp;<b>you</b></p><p>Bye</p>"),
        "Hello you\n\nBye"
    );
    assert_eq!(text("a<br>b<br><br>c"), "a\nb\n\nc");
    assert_eq!(text("<ul><li>one<li>two</ul>"), "- one\n- two");
    assert_eq!(text("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>"), "a b\nc");
    assert_eq!(text("<script>if (a<b) alert('</p>')</script>x &amp; y &#8364;"), "x & y €");
    assert_eq!(text("  spread \n\n out  "), "spread out");
    assert_eq!(text("<!-- no -->yes"), "yes");
    assert_eq!(text(""), "");
}
