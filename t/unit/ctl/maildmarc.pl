#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Prints an aggregate report as Mail::DMARC writes it: two rows about
# example.org, of the time that is given.
use strict;
use warnings;

use Mail::DMARC::Policy;
use Mail::DMARC::Report::Aggregate;
use Mail::DMARC::Report::Aggregate::Record;

my ($begin, $end) = @ARGV;
my $report = Mail::DMARC::Report::Aggregate->new;
my %meta = (
	org_name  => 'Receiver & Co',
	email     => 'dmarc@receiver.example',
	report_id => '42.1700000000@receiver.example',
	begin     => $begin,
	end       => $end,
);
$report->metadata->$_($meta{$_}) for keys %meta;
my $policy = Mail::DMARC::Policy->new(
	'v=DMARC1; p=quarantine; sp=reject; rua=mailto:dmarc@example.org');
$policy->domain('example.org');
$report->policy_published($policy);
for (['192.0.2.1', 17, 'none', 'pass', 'fail'],
	['2001:db8::7', 4, 'quarantine', 'fail', 'fail']) {
	my ($ip, $count, $disposition, $dkim, $spf) = @$_;
	my $record = Mail::DMARC::Report::Aggregate::Record->new;

	$record->identifiers(header_from => 'news.example.org',
		envelope_from => 'bounce.example.net');
	$record->row(
		source_ip        => $ip,
		count            => $count,
		policy_evaluated => {
			disposition => $disposition,
			dkim        => $dkim,
			spf         => $spf,
			reason      => [ { type => 'other', comment => 'x' } ],
		});
	$record->auth_results->spf(
		{ domain => 'bounce.example.net', scope => 'mfrom',
			result => 'pass' });
	$report->record($record);
}
print $report->as_xml;
