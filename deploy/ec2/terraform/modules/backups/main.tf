# Database backups in a bucket, written by the host; and snapshots of the data volume, made by AWS.

data "aws_caller_identity" "current" {}

resource "aws_s3_bucket" "backups" {
  #checkov:skip=CKV_AWS_144:a second region costs as much again; who needs one sets replication on the bucket
  #checkov:skip=CKV_AWS_18:one writer, whose rights are this bucket alone; CloudTrail tells more than access logs
  #checkov:skip=CKV2_AWS_62:nothing has to happen when a backup arrives; the host says whether it was made
  bucket        = "${var.name}-backups-${data.aws_caller_identity.current.account_id}"
  force_destroy = !var.protect
}

resource "aws_s3_bucket_public_access_block" "backups" {
  bucket                  = aws_s3_bucket.backups.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "backups" {
  bucket = aws_s3_bucket.backups.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "backups" {
  # A version cannot expire before there are versions.
  depends_on = [aws_s3_bucket_versioning.backups]

  bucket = aws_s3_bucket.backups.id
  rule {
    id     = "expire"
    status = "Enabled"
    filter {}
    expiration {
      days = var.backup_days
    }
    noncurrent_version_expiration {
      noncurrent_days = 7
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "OnlyTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.backups.arn, "${aws_s3_bucket.backups.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "backups" {
  bucket = aws_s3_bucket.backups.id
  policy = data.aws_iam_policy_document.tls_only.json
}

# Snapshots

data "aws_iam_policy_document" "dlm" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["dlm.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "dlm" {
  count = var.snapshot_days > 0 ? 1 : 0

  name               = "${var.name}-snapshots"
  assume_role_policy = data.aws_iam_policy_document.dlm.json
}

resource "aws_iam_role_policy_attachment" "dlm" {
  count = var.snapshot_days > 0 ? 1 : 0

  role       = aws_iam_role.dlm[0].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"
}

resource "aws_dlm_lifecycle_policy" "snapshots" {
  count = var.snapshot_days > 0 ? 1 : 0

  description        = "${var.name} daily snapshots of the data volume"
  execution_role_arn = aws_iam_role.dlm[0].arn
  state              = "ENABLED"
  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { Snapshot = var.name }
    schedule {
      name      = "daily"
      copy_tags = true
      create_rule {
        interval      = 24
        interval_unit = "HOURS"
        times         = ["02:40"]
      }
      retain_rule {
        count = var.snapshot_days
      }
    }
  }
}
