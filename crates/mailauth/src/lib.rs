//! SPF, DKIM, DMARC, ARC and reverse DNS: verdicts on a mail that comes in.
