# One environment of the cluster: its secrets in Parameter Store, and the role by which External Secrets reads these and no others.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  parameter_path = "/martlet/${var.name}"
  # The keys of deploy/charts/martlet's Secrets. Their values never come through Terraform, so that no state file has them:
  # scripts/eks-secrets makes and keeps them.
  names = toset([
    "postgres-password", "database-password", "grafana-database-password", "grafana-admin-password", "broker-password",
    "health-password", "mosquitto-passwords", "mosquitto-authority", "mosquitto-certificate", "mosquitto-key",
  ])
}

resource "aws_ssm_parameter" "secret" {
  for_each = local.names

  name        = "${local.parameter_path}/${each.value}"
  description = "Martlet: ${each.value} of ${var.name}; written by scripts/eks-secrets"
  type        = "SecureString"
  key_id      = var.kms_key_arn
  value       = "unset"

  lifecycle {
    ignore_changes = [value]
  }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [var.oidc.provider_arn]
    }
    # This namespace's service account and nobody else's.
    condition {
      test     = "StringEquals"
      variable = "${var.oidc.issuer}:sub"
      values   = ["system:serviceaccount:${var.name}:external-secrets"]
    }
    condition {
      test     = "StringEquals"
      variable = "${var.oidc.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid     = "OwnParameters"
    actions = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]
    resources = [join(":", [
      "arn:${data.aws_partition.current.partition}:ssm:${data.aws_region.current.name}",
      data.aws_caller_identity.current.account_id, "parameter${local.parameter_path}/*",
    ])]
  }
  statement {
    sid       = "OwnKeyThroughParameterStore"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ssm.${data.aws_region.current.name}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "external_secrets" {
  name               = "${var.name}-external-secrets"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "external_secrets" {
  name   = "read-own-parameters"
  role   = aws_iam_role.external_secrets.id
  policy = data.aws_iam_policy_document.read.json
}
