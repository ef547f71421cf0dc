#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Mail::DKIM at work, for harness/sign.py.
#   maildkim.pl sign ALGORITHM METHOD DOMAIN SELECTOR KEY   the message comes
#       by standard input, its field is printed
#   maildkim.pl seal CV DOMAIN SELECTOR KEY SRVID           the same of ARC
#   maildkim.pl verify PORT FILE...     one line a file: its name, the results
#       of its signatures from the top with blanks between, "/", that of ARC;
#       PORT of the DNS server on 127.0.0.1
use strict;
use warnings;

use Mail::DKIM::ARC::Signer;
use Mail::DKIM::ARC::Verifier;
use Mail::DKIM::DNS;
use Mail::DKIM::Signer;
use Mail::DKIM::Verifier;
use Net::DNS::Resolver;

sub feed {
	my ($to, $text) = @_;
	$to->PRINT($text);
	$to->CLOSE;
	return $to;
}

sub slurp {
	my ($file) = @_;
	local $/;
	binmode $file;
	return scalar <$file>;
}

sub sign {
	my ($algorithm, $method, $domain, $selector, $key) = @_;
	my $signer = Mail::DKIM::Signer->new(
		Algorithm => $algorithm, Method => $method, Domain => $domain,
		Selector => $selector, KeyFile => $key);
	feed($signer, slurp(\*STDIN));
	print $signer->signature->as_string, "\r\n";
}

sub seal {
	my ($chain, $domain, $selector, $key, $srvid) = @_;
	my $signer = Mail::DKIM::ARC::Signer->new(
		Algorithm => 'rsa-sha256', Chain => $chain, Domain => $domain,
		SrvId => $srvid, Selector => $selector, KeyFile => $key);
	feed($signer, slurp(\*STDIN));
	print join("\r\n", $signer->as_strings), "\r\n";
}

sub verify {
	my ($port, @files) = @_;
	Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(
		nameservers => ['127.0.0.1'], port => $port,
		udp_timeout => 2, tcp_timeout => 2, retry => 1));
	for my $name (@files) {
		open my $file, '<', $name or die "$name: $!";
		my $text = slurp($file);
		my $dkim = feed(Mail::DKIM::Verifier->new, $text);
		my $arc = feed(Mail::DKIM::ARC::Verifier->new, $text);
		print join(' ', $name,
			(map { $_->result || 'none' } $dkim->signatures), '/',
			$arc->result), "\n";
	}
}

my $what = shift @ARGV || '';
my %verbs = (sign => \&sign, seal => \&seal, verify => \&verify);
die "usage: see the top of $0\n" unless $verbs{$what};
$verbs{$what}->(@ARGV);
