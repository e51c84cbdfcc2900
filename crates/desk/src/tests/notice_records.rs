//! Notices, forwards and system deliveries of every release decode for ever.

use guichet_accounts::{ChannelId, Who};
use guichet_mail::{AuthResult, DomainName, Verdicts};
use guichet_store::record;

use super::queue_world::address;
use super::records::{hex, octets};
use super::world::at;
use crate::{
    DeliveryId, Forward, ForwardingConfirmation, Notice, NoticeKind, ProbeSent, Returned, SystemMailKind,
};

fn notice() -> Notice {
    let said = ForwardingConfirmation {
        provider: "Gmail".to_owned(),
        channel: ChannelId(2),
        address: Some(address("shop@forwarder.example")),
        code: Some("123456789".to_owned()),
        link: Some("https://mail.google.com/mail/vf-a".to_owned()),
        is_proven: true,
    };
    Notice {
        kind: NoticeKind::ForwardingConfirmation(said),
        subject: "Gmail asks".to_owned(),
        text: "Type it in.".to_owned(),
        created: at(0),
        updated: at(1),
        settled: None,
        dismissed: Some(at(2)),
        dismissed_by: Some(Who::System),
        mailed: Some(at(3)),
    }
}

fn forward() -> Forward {
    let mut verdicts = Verdicts::default();
    verdicts.spf_mail_from.result = AuthResult::Fail;
    Forward {
        channel: ChannelId(2),
        address: address("shop@forwarder.example"),
        created: at(0),
        probe: ProbeSent { delivery: DeliveryId(7), at: at(1) },
        returned: Some(Returned {
            delivery: DeliveryId(6),
            at: at(2),
            channels: vec![ChannelId(2)],
            verdicts,
            from_domain: DomainName::parse("acme.example").unwrap(),
            was_rewritten: true,
        }),
    }
}

#[test]
fn a_notice_and_a_forward_are_read_and_written_as_first_released() {
    let stored = include_str!("records/notice-1.hex").trim();
    assert_eq!(record::decode::<Notice>(&octets(stored)).unwrap(), notice());
    assert_eq!(hex(&record::encode(&notice())), stored);
    let stored = include_str!("records/forward-1.hex").trim();
    assert_eq!(record::decode::<Forward>(&octets(stored)).unwrap(), forward());
    assert_eq!(hex(&record::encode(&forward())), stored);
}

#[test]
fn every_kind_of_notice_and_of_system_mail_keeps_its_number() {
    use SystemMailKind::{Alert, ClaimDecided, Invitation, PasswordReset, Probe, SignUp};
    let domain = DomainName::parse("a.example").unwrap();
    let kinds = [
        (NoticeKind::DomainBroken { domain: domain.clone() }, "82018169612e6578616d706c65"),
        (
            NoticeKind::Forward { channel: ChannelId(1), address: address("a@a.example") },
            "82028201 6b6140612e6578616d706c65",
        ),
        (NoticeKind::AddressBounces { address: address("a@a.example") }, "8203816b6140612e6578616d706c65"),
        (NoticeKind::Claim { domain }, "82048169612e6578616d706c65"),
        (NoticeKind::Alert, "820580"),
    ];
    for (kind, stored) in kinds {
        assert_eq!(hex(&record::encode(&kind)), stored.replace(' ', ""), "{kind:?}");
        assert_eq!(record::decode::<NoticeKind>(&octets(stored)).unwrap(), kind);
    }
    for (number, kind) in
        [Invitation, PasswordReset, SignUp, Alert, ClaimDecided, Probe].into_iter().enumerate()
    {
        assert_eq!(record::encode(&kind), [u8::try_from(number).unwrap()], "{kind:?}");
    }
}
