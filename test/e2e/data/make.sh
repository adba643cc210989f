# Runs in a container with busybox: fills DIR with what a backup may lose. Arguments: DIR [BYTES of the large file]
set -eu
cd "$1"
mkdir -p plain/deep/deeper private empty
echo "a plain file" >plain/file
printf '' >plain/empty
head -c "${2:-3000000}" /dev/urandom >plain/deep/large
head -c 20000 /dev/zero >plain/deep/deeper/zeros
echo secret >private/key
chmod 600 private/key
chmod 700 private
chown -R 1000:2000 private
echo '#!/bin/sh' >plain/program
chmod 4755 plain/program
chown 33:33 plain/file
ln plain/file plain/hardlink
ln -s ../plain/file private/symlink
ln -s /nowhere dangling
mkfifo pipe
mkdir sticky
chmod 1777 sticky
truncate -s 50M sparse
echo end | dd of=sparse bs=1 seek=30000000 conv=notrunc 2>/dev/null
echo Grüße >'Grüße, 世界'
echo latin >"$(printf 'caf\351')"
echo newline >"$(printf 'two\nlines')"
touch -d '1999-12-31 23:59:59' plain/empty
touch -d '2001-02-03 04:05:06' plain
