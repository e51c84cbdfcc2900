//! What the audit log can say that somebody did.

use std::fmt;

use minicbor::{Decode, Encode};

macro_rules! deeds {
    ($($(#[$doc:meta])* $number:literal $name:ident $word:literal,)*) => {
        /// One act, by a number in the store and a word for people and for the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
        #[cbor(index_only)]
        pub enum Deed {
            $($(#[$doc])* #[n($number)] $name,)*
        }

        impl Deed {
            /// Every deed there is.
            pub const ALL: &[Deed] = &[$(Deed::$name,)*];

            /// The word: `person.invited`.
            pub fn as_str(self) -> &'static str {
                match self { $(Deed::$name => $word,)* }
            }
        }
    };
}

// A number once released keeps its meaning for ever; a new deed takes the next.
deeds! {
    /// An organisation was made.
    0 OrganisationCreated "organisation.created",
    /// Its name, policy or trust was changed.
    1 OrganisationChanged "organisation.changed",
    /// It was suspended.
    2 OrganisationSuspended "organisation.suspended",
    /// It may go on.
    3 OrganisationResumed "organisation.resumed",
    /// A domain was added.
    4 DomainAdded "domain.added",
    /// A domain was changed.
    5 DomainChanged "domain.changed",
    /// A domain was proven to be the organisation's.
    6 DomainProven "domain.proven",
    /// A domain was given up.
    7 DomainRemoved "domain.removed",
    /// A subdomain of the base domain was asked for.
    8 DomainClaimed "domain.claimed",
    /// The operator granted it.
    9 ClaimApproved "claim.approved",
    /// The operator declined it.
    10 ClaimDeclined "claim.declined",
    /// The organisation no longer asks for it.
    11 ClaimWithdrawn "claim.withdrawn",
    /// DKIM keys were made.
    12 DkimAdded "dkim.added",
    /// The next DKIM keys were made, to sign once they are seen.
    13 DkimRotated "dkim.rotated",
    /// DKIM keys began to sign, or ended.
    14 DkimChanged "dkim.changed",
    /// A channel was made.
    15 ChannelCreated "channel.created",
    /// A channel was changed.
    16 ChannelChanged "channel.changed",
    /// A channel got a further address.
    17 AliasAdded "channel.alias_added",
    /// Another channel reads the bare postmaster.
    18 PostmasterSet "postmaster.set",
    /// A person was added without an invitation.
    19 PersonAdded "person.added",
    /// A person was invited.
    20 PersonInvited "person.invited",
    /// The invitation was sent again; the one before ended.
    21 InvitationRenewed "invitation.renewed",
    /// The invitation was taken back.
    22 InvitationRevoked "invitation.revoked",
    /// The person accepted.
    23 InvitationAccepted "invitation.accepted",
    /// A person's name, role or teams were changed.
    24 PersonChanged "person.changed",
    /// Another address was asked for; it counts once its owner confirms.
    25 AddressRequested "person.address_requested",
    /// The other address was confirmed.
    26 AddressChanged "person.address_changed",
    /// A person may not enter any more.
    27 PersonDisabled "person.disabled",
    /// They may again.
    28 PersonEnabled "person.enabled",
    /// A team was made.
    29 TeamCreated "team.created",
    /// A team got another name.
    30 TeamRenamed "team.renamed",
    /// A team was deleted.
    31 TeamDeleted "team.deleted",
    /// A token was made.
    32 TokenCreated "token.created",
    /// A token was taken back.
    33 TokenRevoked "token.revoked",
    /// Somebody logged in.
    34 SessionOpened "session.opened",
    /// Somebody tried to log in and was refused.
    35 SessionRefused "session.refused",
    /// A session was ended.
    36 SessionEnded "session.ended",
    /// All sessions of a person were ended.
    37 SessionsEnded "sessions.ended",
    /// A password was changed by who knew the old one.
    38 PasswordChanged "password.changed",
    /// A mail to set a new password was asked for.
    39 PasswordResetRequested "password.reset_requested",
    /// A new password was set by such a mail.
    40 PasswordReset "password.reset",
    /// A second factor is needed from now on.
    41 TotpEnabled "totp.enabled",
    /// A second factor is no longer needed.
    42 TotpRemoved "totp.removed",
    /// New recovery codes were made.
    43 RecoveryCodesRenewed "recovery_codes.renewed",
    /// A recovery code was used.
    44 RecoveryCodeUsed "recovery_code.used",
    /// The operator let somebody in again who was locked out.
    45 AccessReset "access.reset",
    /// The master key was changed.
    46 MasterKeyRotated "master_key.rotated",
    /// An organisation was asked for by sign-up.
    47 SignUpRequested "sign_up.requested",
    /// It was confirmed.
    48 SignUpConfirmed "sign_up.confirmed",
    /// Tickets were deleted for good.
    49 TicketDeleted "ticket.deleted",
    /// Contacts were merged.
    50 ContactsMerged "contacts.merged",
    /// A contact was deleted for good.
    51 ContactDeleted "contact.deleted",
    /// A forward to a channel was asked for.
    52 ForwardAdded "forward.added",
    /// An address is no longer suppressed, or is.
    53 SuppressionChanged "suppression.changed",
    /// A saved view of all was changed.
    54 ViewChanged "view.changed",
    /// A channel lost a further address.
    55 AliasRemoved "channel.alias_removed",
    /// A channel was deleted.
    56 ChannelRemoved "channel.removed",
    /// Anybody may sign up for an organisation.
    57 SignUpOpened "sign_up.opened",
    /// Nobody may any more.
    58 SignUpClosed "sign_up.closed",
    /// Companies were merged.
    59 CompaniesMerged "companies.merged",
    /// A company was deleted.
    60 CompanyDeleted "company.deleted",
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
