# A key for everything at rest, and the places for secrets. Their values never come through Terraform, so that no state
# file has them: the host makes them at its first deployment and keeps them here (Ansible's role secrets).

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  # The files of deploy/compose/secrets that cannot be made again.
  names = toset([
    "postgres-password", "database-password", "grafana-database-password", "grafana-admin-password", "broker-password",
    "picosim-password", "health-password", "authority", "authority-key", "mosquitto-certificate", "mosquitto-key",
    "mosquitto-passwords",
  ])
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:the key's own policy: the account keeps the right to manage it, as AWS recommends
  #checkov:skip=CKV_AWS_111:the key's own policy: Resource "*" there means this key
  #checkov:skip=CKV_AWS_356:the key's own policy: Resource "*" there means this key
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "${var.name}: disk, secrets and backups of Martlet"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_ssm_parameter" "secret" {
  for_each = local.names

  name        = "${var.parameter_path}/${each.value}"
  description = "Martlet: ${each.value}; written by the host at its first deployment"
  type        = "SecureString"
  key_id      = aws_kms_key.this.arn
  value       = "unset"

  lifecycle {
    ignore_changes = [value]
  }
}
