# shellcheck shell=bash
# What deploy/checks/terraform and deploy/checks/eks-terraform share; sourced, from the root of the repository, with `source_directory`
# set. Works on a copy, and ends what it started.

command -v terraform >/dev/null || { echo "terraform: not installed, https://developer.hashicorp.com/terraform/install" >&2; exit 77; }
root=$PWD
# The person's own settings and plug-ins are not for a check.
unset TF_WORKSPACE TF_DATA_DIR
export TF_IN_AUTOMATION=1 TF_INPUT=0 CHECKPOINT_DISABLE=1

work=$(mktemp --directory --tmpdir martlet-terraform.XXXXXX)
moto=''
finish() {
  if [[ -n $moto ]]; then kill "$moto" 2>/dev/null || true; wait "$moto" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT
printf '' >"$work/terraformrc"
export TF_CLI_CONFIG_FILE=$work/terraformrc
cp -r "${source_directory:?}" "$work/code"
rm -rf "$work"/code/.terraform* "$work/code/terraform.tfstate.d"
fail() { printf 'terraform check: %s\n' "$*" >&2; exit 1; }
python() { "$("$root/deploy/checks/tool" python)" "$@"; }

initialise() {
  local plugins=${TF_PLUGIN_DIR:-/opt/tf-plugins} options=()
  [[ ! -d $plugins ]] || options=(-plugin-dir="$plugins")
  terraform init -no-color "${options[@]}" "$@" >init.log 2>&1 || { cat init.log >&2; fail "init"; }
}

check_static() {
  terraform fmt -check -recursive -diff "$root/$source_directory"
  initialise -backend=false
  terraform validate -no-color
  local checkov
  checkov=$("$root/deploy/checks/tool" checkov)
  # Every skip needs its reason after the colon.
  if grep -rnE 'checkov:skip=[A-Z0-9_]+(:[[:space:]]*)?$' --include '*.tf' .; then fail "a skip without a reason"; fi
  "$checkov" --directory . --framework terraform --skip-download --quiet --compact
}

check_test() {
  initialise -backend=false
  terraform test -no-color
}

moto_up() { # an imitation of AWS of our own, empty; sets what terraform and boto3 need to find it
  local server port
  server=$("$root/deploy/checks/tool" moto_server)
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  MOTO_IAM_LOAD_MANAGED_POLICIES=true "$server" -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
  moto=$!
  export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_ACCESS_KEY_ID=check AWS_SECRET_ACCESS_KEY=check AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1
  # What moto does not know is a fault at once, not after ten minutes of trying again.
  export AWS_EC2_METADATA_DISABLED=true AWS_MAX_ATTEMPTS=2
  for _ in {1..300}; do
    kill -0 "$moto" 2>/dev/null || { cat "$work/moto.log" >&2; fail "moto ended"; }
    if curl --silent --output /dev/null "$AWS_ENDPOINT_URL/moto-api/data.json"; then return; fi
    sleep 0.2
  done
  fail "moto does not answer"
}

aws_left() { # what moto has, but for what AWS gives to every account
  python - <<'PY'
import boto3

ec2, iam, ssm, s3, eks, ecr, logs = (
    boto3.client(name, region_name="eu-central-1") for name in ("ec2", "iam", "ssm", "s3", "eks", "ecr", "logs"))
left = {
    "instances": [i["InstanceId"] for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]
                  if i["State"]["Name"] != "terminated"],
    "volumes": [v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]],
    "addresses": [a["PublicIp"] for a in ec2.describe_addresses()["Addresses"]],
    "vpcs": [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]],
    "nat": [n["NatGatewayId"] for n in ec2.describe_nat_gateways()["NatGateways"] if n["State"] != "deleted"],
    "groups": [g["GroupName"] for g in ec2.describe_security_groups()["SecurityGroups"] if g["GroupName"] != "default"],
    "roles": [r["RoleName"] for r in iam.list_roles()["Roles"]],
    "providers": [p["Arn"] for p in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]],
    "parameters": [p["Name"] for p in ssm.describe_parameters()["Parameters"]],
    "buckets": [b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"] != "states"],
    "clusters": eks.list_clusters()["clusters"],
    "repositories": [r["repositoryName"] for r in ecr.describe_repositories()["repositories"]],
    "logs": [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]],
}
print(" ".join(f"{name}={','.join(found)}" for name, found in left.items() if found))
PY
}

all_at_once() { # NAME…: each in a process with a moto of its own
  local name job failed=0 jobs=()
  for name in "$@"; do
    "$root/deploy/checks/$(basename "$0")" apply "$name" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || failed=1; done
  return "$failed"
}
