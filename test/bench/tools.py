"""Commands of the tools that the benchmark compares, each on a local repository or an S3 bucket with its default parallelism.

Words in braces: {src} the set, {one} one of its files relative to it, {out} an empty directory, {repo}, {id} the newest
snapshot, {others} the rest, {tag} a name for the next snapshot. `ids` prints the snapshots, oldest first. Passwords and
repositories come from the environment (run.py). A missing command is a row that the tool does not have. S3 has what is
other there, with {host} and {bucket}; a tool without an entry has no S3.
"""

RESTIC = dict(
    version="restic version", init="restic init", backup="restic backup {src}", reread="restic backup --force {src}",
    ids="restic snapshots --json | jq -r '.[].short_id'", restore="restic restore latest --target {out} {sparse}",
    one="restic restore latest --target {out} --include {src}/{one}", check="restic check",
    check_data="restic check --read-data", prune="restic forget --keep-last 1 --prune", sparse="--sparse")

KOPIA = dict(
    version="kopia --version",
    init="kopia repository create filesystem --path {repo} && kopia policy set --global --compression={compression}",
    backup="kopia snapshot create {src}", reread="kopia snapshot create --force-hash=100 {src}",
    ids="kopia snapshot list --json --all | jq -r '.[].id'", restore="kopia snapshot restore {id} {out} {sparse}",
    one="kopia snapshot restore {id}/{one} {out}/one", check="kopia snapshot verify",
    check_data="kopia snapshot verify --verify-files-percent=100",
    prune="kopia snapshot delete {others} --delete && kopia maintenance run --full --safety=none",
    sparse="--write-sparse-files")

RUSTIC = dict(
    version="rustic --version", init="rustic init", backup="rustic backup {src}", reread="rustic backup --force {src}",
    ids="rustic snapshots --json | jq -r '.[].snapshots[].id'", restore="rustic restore latest:{src} {out}",
    one="rustic restore latest:{src}/{one} {out}", check="rustic check", check_data="rustic check --read-data",
    prune="rustic forget --keep-last 1 --prune --instant-delete", sparse="")

BORG = dict(
    version="borg --version", init="borg init -e repokey", backup="borg create -C lz4 ::{tag} {src}",
    reread="borg create -C lz4 --files-cache=disabled ::{tag} {src}", ids="borg list --short",
    restore="cd {out} && borg extract {sparse} ::{id}", one="cd {out} && borg extract ::{id} {relative}/{one}",
    check="borg check", check_data="borg check --verify-data", prune="borg prune --keep-last 1 && borg compact",
    sparse="--sparse")

# As the operator uses it: of 64 hexadecimal digits it takes the secret itself as key. The others stretch a password at each start.
STASH = dict(
    version="stash version", init="stash init", backup="stash backup {src}", reread="stash backup --force {src}",
    ids="stash snapshots --json | jq -r '.[].id'", restore="stash restore latest --target {out}",
    one="stash restore latest --target {out} --include {src}/{one}", check="stash check",
    check_data="stash check --read-data",
    prune="stash forget --keep-last 1 && stash prune --grace 0s --young 0s", sparse="")

# Floors: a copy of the tree, without deduplication, encryption or history; its metadata asked for once by one thread, without
# a comparison; its bytes read once.
CP = dict(version="cp --version | head -1", init="mkdir {repo}", backup="cp -a {src} {repo}/{tag}", ids="ls {repo}",
          walk="find {src} -newermt 2100-01-01", check_data="find {repo} -type f -print0 | xargs -0 cat >/dev/null",
          restore="cp -a {repo}/{id} {out}/", one="cp -a {repo}/{id}/{one} {out}/", sparse="")

TOOLS = {
    "stash": STASH,
    "restic": RESTIC,
    "kopia": dict(KOPIA, compression="none"),
    "kopia-s2": dict(KOPIA, compression="s2-default"),
    "rustic": RUSTIC,
    "borg": BORG,
    "cp": CP,
}

S3_CREDENTIALS = "--access-key $AWS_ACCESS_KEY_ID --secret-access-key $AWS_SECRET_ACCESS_KEY"
S3_KOPIA = "kopia repository create s3 --bucket {bucket} --endpoint {host} --disable-tls " + S3_CREDENTIALS
S3_POLICY = " && kopia policy set --global --compression={compression}"
S3 = {
    "stash": dict(env=dict(STASH_REPOSITORY="s3:http://{host}/{bucket}/repo")),
    "restic": dict(env=dict(RESTIC_REPOSITORY="s3:http://{host}/{bucket}/repo")),
    "kopia": dict(init=S3_KOPIA + S3_POLICY),
    "kopia-s2": dict(init=S3_KOPIA + S3_POLICY),
    "rustic": dict(env=dict(RUSTIC_REPOSITORY="opendal:s3", OPENDAL_ENDPOINT="http://{host}", OPENDAL_BUCKET="{bucket}",
                            OPENDAL_ROOT="/repo", OPENDAL_REGION="us-east-1")),
}
