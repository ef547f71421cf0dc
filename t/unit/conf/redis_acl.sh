#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# etc/reprieve.acl in a real redis-server: each user can do its work, and
# nothing beside it.
set -u
dir=$(mktemp -d) || exit 1
server=
milter=
trap 'for pid in $server $milter; do kill $pid 2>/dev/null; done
	wait
	rm -rf "$dir"' EXIT
socket=$dir/s

cp "$top_srcdir/etc/reprieve.acl" "$dir/users.conf"
sed -i 's/CHANGE-ME/secret/' "$dir/users.conf"
# The same milter with what listing.enabled needs, as the file says.
{
	sed -n 's/^user reprieve-milter /user reprieve-lister /p' \
		"$dir/users.conf" | tr -d '\n'
	sed -n 's/^#   (resetkeys/ (resetkeys/p' "$dir/users.conf"
} >"$dir/lister.conf"
cat "$dir/lister.conf" >>"$dir/users.conf"
printf 'include %s/users.conf\n' "$dir" >"$dir/redis.conf"
redis-server "$dir/redis.conf" --port 0 --unixsocket "$socket" --unixsocketperm 777 \
	--save '' \
	--appendonly no --dir "$dir" >"$dir/log" 2>&1 &
server=$!
tries=0
until redis-cli -s "$socket" ping 2>/dev/null | grep -q PONG; do
	tries=$((tries + 1))
	if [ $tries -gt 200 ] || ! kill -0 $server 2>/dev/null; then
		echo "Bail out! redis-server does not start"
		sed 's/^/# /' "$dir/log"
		exit 1
	fi
	sleep 0.05
done
redis-cli -s "$socket" hset rp:block:192.0.2.7 reason x >/dev/null
redis-cli -s "$socket" set rp:block@example.org:192.0.2.8 y >/dev/null
redis-cli -s "$socket" set rp:allow:192.0.2.9 z >/dev/null
redis-cli -s "$socket" set rp:trust:arc:example.org w >/dev/null
redis-cli -s "$socket" hset rp:case:AAAA reply r >/dev/null
redis-cli -s "$socket" set other:key v >/dev/null

# may|not, user, command
cat >"$dir/rows" <<'ROWS'
may milter ping
may milter scan 0 match rp:* count 10
may milter hgetall rp:block:192.0.2.7
may milter hmget rp:block:192.0.2.7 shadow force
may milter type rp:block:192.0.2.7
may milter get rp:block@example.org:192.0.2.8
may milter pttl rp:allow:192.0.2.9
may milter exists rp:allow:192.0.2.9
may milter pttl rp:trust:arc:example.org
may milter strlen rp:allow:192.0.2.9
may milter hset rp:case:BBBB reply r
may milter hincrby rp:case:BBBB count 1
may milter expire rp:case:BBBB 60
may milter hset rp:node:mx1 version 1
may milter expire rp:node:mx1 60
may milter del rp:node:mx1
may milter set rp:lists:generation g nx
may milter getrange rp:block:192.0.2.8 0 10
may milter hget rp:block:192.0.2.7 shadow
may milter hstrlen rp:block:192.0.2.7 reason
may milter get rp:lists:generation
may milter client id
may milter client setname reprieve
may milter client tracking on bcast prefix rp:block prefix rp:allow prefix rp:trust:
may milter subscribe __redis__:invalidate
may milter role
may milter info memory
may milter config get maxmemory-policy
may milter select 0
not milter set rp:block:192.0.2.1 spam
not milter hset rp:block:192.0.2.7 reason changed
not milter del rp:case:AAAA
not milter del rp:lists:generation
not milter expire rp:block:192.0.2.7 1
not milter unlink rp:block:192.0.2.7
not milter rename rp:case:AAAA rp:block:192.0.2.1
not milter set rp:allow:192.0.2.66 me
not milter set rp:trust:arc:example.org me
not milter get other:key
not milter set other:key v
not milter flushall
not milter flushdb
not milter keys *
not milter config set maxmemory 1
may milter eval return(redis.call('hget',KEYS[1],'id')) 1 rp:token:00
may milter eval return(redis.call('del',KEYS[1])) 1 rp:block:192.0.2.77
may milter eval return(redis.call('hset',KEYS[1],'state','x')) 1 rp:delist:R
may milter eval return(redis.call('xadd',KEYS[1],'*','who','milter')) 1 rp:audit
not milter eval return(redis.call('hset',KEYS[1],'a','b')) 1 rp:block:192.0.2.1
may milter eval return(redis.call('zadd',KEYS[1],1,'a')) 1 rp:evidence:192.0.2.7
may milter eval return(redis.call('zrevrange',KEYS[1],0,9)) 1 rp:evidence:192.0.2.7
may lister eval return(redis.call('hset',KEYS[1],'a','b')) 1 rp:block:192.0.2.77
may lister eval return(redis.call('expire',KEYS[1],60)) 1 rp:block:192.0.2.77
may lister eval return(redis.call('hincrby',KEYS[1],'marks',1)) 1 rp:parole:192.0.2.77
may lister eval return(redis.call('hincrby',KEYS[1],'listings',1)) 1 rp:hist:192.0.2.77
may lister eval return(redis.call('xadd',KEYS[1],'*','who','milter')) 1 rp:audit
not lister set rp:block:192.0.2.1 spam
not lister eval return(redis.call('hset',KEYS[1],'a','b')) 1 rp:trust:arc:example.org
not milter eval return(redis.call('set',KEYS[1],'a')) 1 rp:block:192.0.2.1
not milter eval return(redis.call('set',KEYS[1],'a')) 1 rp:trust:arc:example.org
not milter eval return(redis.call('del','rp:case:AAAA')) 0
not milter eval return(redis.call('get',KEYS[1])) 1 other:key
may milter eval return(redis.call('set',KEYS[1],1,'PX',9)) 1 rp:rate:address:192.0.2.7
may milter eval return(redis.call('get',KEYS[1])) 1 rp:rate:ramp:example.org
may milter eval return(redis.call('hmget',KEYS[1],'good')) 1 rp:rep:domain:example.org
may milter eval return(redis.call('hset',KEYS[1],'good',1)) 1 rp:rep:address:192.0.2.7
may milter eval return(redis.call('pexpire',KEYS[1],9)) 1 rp:grey:known:192.0.2.0/24
may milter eval return(redis.call('del',KEYS[1])) 1 rp:grey:first:00
may milter eval return(redis.call('time')[1]) 3 rp:rate:user:00 rp:rep:network:192.0.2.0/24 rp:grey:known:x
may milter xadd rp:mailq * kind correspondent id R more "" tries 0 since 1
may milter set rp:corr:00ff 1 EX 3600
may milter exists rp:corr:00ff rp:corr:11ee
not milter del rp:corr:00ff
may milter hset rp:account:00ff name ann seen_ms 1
may milter expire rp:account:00ff 60
not milter hget rp:account:00ff name
not milter del rp:account:00ff
may milter eval return(redis.call('hmget',KEYS[1],'now')) 1 rp:trace:keys
may milter eval return(redis.call('hset',KEYS[1],'now',redis.call('time')[1])) 1 rp:trace:keys
may milter eval return(redis.call('hdel',KEYS[1],'key:1')) 1 rp:trace:keys
not milter del rp:trace:keys
not portal exists rp:corr:00ff
not milter eval return(redis.call('del',KEYS[1])) 1 rp:rep:address:192.0.2.7
not milter eval return(redis.call('del',KEYS[1])) 1 rp:rate:address:192.0.2.7
not milter eval return(redis.call('set',KEYS[1],1)) 1 rp:rate:delist-client:192.0.2.7:1
not milter hgetall rp:ticket:T
not milter eval return(redis.call('del',KEYS[1])) 1 rp:audit
not milter eval return(redis.call('del',KEYS[1])) 1 rp:mailq
not milter eval return(redis.call('del',KEYS[1])) 1 rp:delist:R
not milter eval return(redis.call('del',KEYS[1])) 1 rp:hist:192.0.2.7
not milter eval return(redis.call('expire',KEYS[1],1)) 1 rp:block:192.0.2.7
not milter xrange rp:mailq - +
not milter xrange rp:audit - +
not milter client kill id 1
not milter client list
not milter acl list
not milter shutdown nosave
not milter monitor
not milter script flush
not milter subscribe other
may portal hgetall rp:case:AAAA
may portal ping
may portal role
may portal ttl rp:case:AAAA
not portal hset rp:case:AAAA reply changed
not portal del rp:case:AAAA
may portal scan 0 match rp:* count 10
may portal client tracking on bcast prefix rp:block prefix rp:allow prefix rp:trust:
may portal subscribe __redis__:invalidate
may portal info memory
may portal config get maxmemory-policy
may portal eval return(redis.call('del',KEYS[1])) 1 rp:block:192.0.2.77
may portal eval return(redis.call('incr',KEYS[1])) 1 rp:rate:x:y:1
may portal eval return(redis.call('hset',KEYS[1],'state','new')) 1 rp:ticket:T
may portal eval return(redis.call('hset',KEYS[1],'ref','x')) 1 rp:sponsor:S
may portal xadd rp:mailq * kind x
may portal xgroup create rp:mailq portal 0
may portal xreadgroup group portal w count 1 streams rp:mailq >
may portal xautoclaim rp:mailq portal w 1000 0-0 count 1
may portal xpending rp:mailq portal
may portal xack rp:mailq portal 1-1
may portal zadd rp:mailq:later 1 x
may portal hget rp:account:00ff name
not portal hset rp:account:00ff name bob
may portal eval return(redis.call('hmget',KEYS[1],'now')) 1 rp:trace:keys
not portal eval return(redis.call('hset',KEYS[1],'now','x')) 1 rp:trace:keys
not portal set rp:trust:arc:example.org me
not portal get other:key
not portal eval return(redis.call('del',KEYS[1])) 1 rp:case:AAAA
not portal eval return(redis.call('set',KEYS[1],'x')) 1 other:key
not portal set rp:block:192.0.2.1 x
not portal eval return(redis.call('set',KEYS[1],'x')) 1 rp:block:192.0.2.1
may portal eval return(redis.call('hset',KEYS[1],'a','b')) 1 rp:block:192.0.2.1
may portal eval return(redis.call('expire',KEYS[1],1)) 1 rp:block:192.0.2.7
may portal eval return(redis.call('hset',KEYS[1],'a','b')) 1 rp:allow:192.0.2.66
may portal eval return(redis.call('xadd',KEYS[1],'*','who','portal')) 1 rp:audit
not portal eval return(redis.call('del',KEYS[1])) 1 rp:audit
not portal xrange rp:audit - +
not portal flushdb
not portal config set maxmemory 1
not portal script flush
not portal acl list
not portal shutdown nosave
not portal keys *
not portal flushall
may admin set rp:block:192.0.2.1 spam ex 60
may admin hset rp:block:198.51.100.0/24 reason x class review
may admin del rp:block:192.0.2.1
may admin set rp:trust:list:lists.example.org ours ex 60
may admin xadd rp:audit * who admin
may admin scan 0 match rp:block*
may admin eval return(redis.call('get',KEYS[1])) 1 rp:lists:generation
may admin info memory
may admin role
not admin get other:key
not admin flushall
not admin keys *
not admin config set maxmemory 1
not admin acl list
not admin shutdown nosave
ROWS
echo "1..$(($(wc -l <"$dir/rows") + 4))"
n=0
while read -r want user command; do
	n=$((n + 1))
	# shellcheck disable=SC2086  # words are arguments, and none is a glob
	answer=$(set -f; REDISCLI_AUTH=secret timeout 5 redis-cli -s "$socket" \
		--user "reprieve-$user" --no-auth-warning $command 2>&1 \
		</dev/null | head -1)
	case $answer in
	*NOPERM*|*WRONGPASS*|*"no permissions"*|*"user executing the script can't"*) got=not ;;
	*ERR*|*"Could not"*) got="error: $answer" ;;
	*) got=may ;;
	esac
	if [ "$got" = "$want" ]; then
		echo "ok $n - $user $want: $command"
	else
		echo "not ok $n - $user $want: $command"
		echo "# $got ($answer)"
	fi
done <"$dir/rows"

# The programs themselves, each as its own user.
who=$(id -un)
[ "$who" = root ] && who=nobody
chmod 755 "$dir"
say() { # result, name
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$dir/out"
	fi
}
conf() { # user
	cat <<END
host = "mx.example.net"
portal_url = "https://p.example.net"
milter { socket = "unix:$dir/m.sock" user = "$who" id = "mx1"
	secret_file = "$dir/secret" }
redis { servers = {"unix:$socket"} user = "reprieve-$1" password = "secret" }
lists { snapshot = "" }
portal { listen = "unix:$dir/p.sock" user = "$who" }
log { target = "stderr" }
END
}
until_true() { # command ...: polls for 20 s
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -gt 400 ] && return 1
		sleep 0.05
	done
}

conf admin >"$dir/admin.conf"
ctl="$top_builddir/ctl/reprievectl -c $dir/admin.conf"
code=0
$ctl add 203.0.113.5 --reason spam >"$dir/out" 2>&1 || code=1
$ctl list >>"$dir/out" 2>&1 || code=1
$ctl check 203.0.113.5 >>"$dir/out" 2>&1
[ $? -eq 1 ] || code=1 # blocked
$ctl remove 203.0.113.5 >>"$dir/out" 2>&1 || code=1
echo 198.51.100.77 >"$dir/feed"
$ctl import "$dir/feed" --format cidr --source test >>"$dir/out" 2>&1 || code=1
$ctl nodes >>"$dir/out" 2>&1
grep -q NOPERM "$dir/out" && code=1
say $code "reprievectl works as reprieve-admin"

conf milter >"$dir/milter.conf"
"$top_builddir/reprieve-milter" -c "$dir/milter.conf" >"$dir/out" 2>&1 &
milter=$!
# Its key may have more behind the name; it is deleted at the end.
node() { # field
	key=$(redis-cli -s "$socket" --scan --pattern 'rp:node:mx1*' | head -1)
	[ -n "$key" ] && redis-cli -s "$socket" hget "$key" "$1"
}
live() {
	[ "$(node state)" = live ]
}
until_true live
say $? "reprieve-milter gets in step with Redis as reprieve-milter"
before=$(node version)
redis-cli -s "$socket" set rp:block:203.0.113.6 x >/dev/null
newer() {
	[ "$(node version)" != "$before" ]
}
until_true newer
say $? "and hears of a change"
kill "$milter"
wait "$milter"
grep NOPERM "$dir/out" >"$dir/found" && cp "$dir/found" "$dir/out"
[ ! -s "$dir/found" ]
say $? "and is never refused a command"
