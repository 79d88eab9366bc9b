# The host, its disks, its address, and what it may do in AWS: its own parameters, its own bucket.

data "aws_ami" "debian" {
  count = var.ami_id == "" ? 1 : 0

  most_recent = true
  owners      = ["136693071363"] # Debian's account: https://wiki.debian.org/Cloud/AmazonEC2Image
  filter {
    name   = "name"
    values = ["debian-12-amd64-*"]
  }
}

data "aws_subnet" "this" {
  id = var.subnet_id
}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "host" {
  statement {
    sid     = "OwnParameters"
    actions = ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:PutParameter"]
    resources = [join(":", [
      "arn:${data.aws_partition.current.partition}:ssm:${data.aws_region.current.name}",
      data.aws_caller_identity.current.account_id, "parameter${var.parameter_path}/*",
    ])]
  }
  statement {
    sid       = "OwnBackups"
    actions   = ["s3:PutObject", "s3:GetObject"]
    resources = ["${var.bucket_arn}/*"]
  }
  statement {
    sid       = "ListBackups"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arn]
  }
  statement {
    sid       = "OwnKey"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_iam_role" "host" {
  name               = "${var.name}-host"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "host" {
  name   = "own-parameters-and-backups"
  role   = aws_iam_role.host.id
  policy = data.aws_iam_policy_document.host.json
}

resource "aws_iam_instance_profile" "host" {
  name = "${var.name}-host"
  role = aws_iam_role.host.name
}

resource "aws_key_pair" "admin" {
  key_name   = "${var.name}-admin"
  public_key = var.ssh_public_key
}

resource "aws_instance" "host" {
  #checkov:skip=CKV_AWS_126:detailed_monitoring is true unless somebody says otherwise
  ami                     = var.ami_id == "" ? data.aws_ami.debian[0].id : var.ami_id
  instance_type           = var.instance_type
  subnet_id               = var.subnet_id
  vpc_security_group_ids  = [var.security_group_id]
  iam_instance_profile    = aws_iam_instance_profile.host.name
  key_name                = aws_key_pair.admin.key_name
  disable_api_termination = var.protect
  monitoring              = var.detailed_monitoring
  ebs_optimized           = true

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
    # Not reachable from containers: the role is the host's.
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_size = 16
    volume_type = "gp3"
    encrypted   = true
    kms_key_id  = var.kms_key_arn
  }

  tags = { Name = var.name }

  lifecycle {
    # A newer image is no reason to make a running host anew; upgrades are apt's.
    ignore_changes = [ami]
  }
}

resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_subnet.this.availability_zone
  size              = var.data_volume_gb
  type              = "gp3"
  encrypted         = true
  kms_key_id        = var.kms_key_arn
  # Snapshot: what the snapshots of the module backups look for.
  tags = { Name = "${var.name}-data", Snapshot = var.name }
}

resource "aws_volume_attachment" "data" {
  device_name                    = "/dev/sdf"
  volume_id                      = aws_ebs_volume.data.id
  instance_id                    = aws_instance.host.id
  stop_instance_before_detaching = true
}

resource "aws_eip" "host" {
  domain = "vpc"
  tags   = { Name = var.name }
}

resource "aws_eip_association" "host" {
  allocation_id = aws_eip.host.id
  instance_id   = aws_instance.host.id
}
