#!/bin/sh
# kernel_tls.sh PROTOCOL Tx|both ARGUMENT…: the load, on TLS that the kernel encrypts after the handshake,
# in what is sent or both ways. OpenSSL asks for it by its configuration. Prints the load's counts if it
# was in the kernel's hands, else what the kernel says.
protocol=$1 directions=$2
shift 2
[ "$directions" != both ] || directions='Tx Rx'
# In the order of their names, which begin with a number.
for file in /lib/modules/*.ko; do
    module=${file##*/?.}
    module=$(echo "${module%.ko}" | tr - _)
    [ -e "/sys/module/$module" ] || insmod "$file" || exit 1
done
cat >/tmp/kernel_tls.cnf <<END
openssl_conf = init
[init]
ssl_conf = tls
[tls]
system_default = defaults
[defaults]
Options = KTLS
MaxProtocol = $protocol
END
count() { sed -n "s/^Tls$1Sw[^0-9]*//p" /proc/net/tls_stat; }
before_Tx=$(count Tx) before_Rx=$(count Rx)
OPENSSL_CONF=/tmp/kernel_tls.cnf kernel-tls "$@" >/tmp/kernel_tls.out || exit 1
for direction in $directions; do
    eval "before=\$before_$direction"
    if [ "$(count "$direction")" -le "$before" ]; then
        echo "the kernel did not encrypt: $direction" >&2
        cat /proc/net/tls_stat >&2
        exit 1
    fi
done
cat /tmp/kernel_tls.out
