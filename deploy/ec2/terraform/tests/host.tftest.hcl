# The host, its disks, its rights; and the snapshots, which no imitation of AWS at hand knows.

mock_provider "aws" {
  mock_data "aws_subnet" {
    defaults = { availability_zone = "eu-central-1a" }
  }
}

variables {
  name = "iots6-prod"
}

run "disks_are_encrypted_and_metadata_needs_a_token" {
  command = plan
  module {
    source = "./modules/instance"
  }
  variables {
    subnet_id         = "subnet-0123456789abcdef0"
    security_group_id = "sg-0123456789abcdef0"
    ami_id            = "ami-0123456789abcdef0"
    instance_type     = "t3.medium"
    data_volume_gb    = 40
    kms_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    ssh_public_key    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEmVtmG0YH1zLP1ZQ3CwJx6qmtSPqYJ2Zp3nQ1l0Zzzz test"
    protect           = true

    detailed_monitoring = true

    parameter_path = "/martlet/iots6-prod"
    bucket_arn     = "arn:aws:s3:::iots6-prod-backups-123456789012"
  }
  override_data {
    target = data.aws_iam_policy_document.host
    values = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  override_data {
    target = data.aws_iam_policy_document.assume
    values = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  assert {
    condition     = aws_ebs_volume.data.encrypted && aws_instance.host.root_block_device[0].encrypted
    error_message = "a disk is not encrypted"
  }
  assert {
    condition     = aws_instance.host.metadata_options[0].http_tokens == "required" && aws_instance.host.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "metadata is open to whoever asks"
  }
  assert {
    condition     = aws_instance.host.disable_api_termination
    error_message = "a protected instance can be terminated"
  }
  assert {
    condition     = aws_ebs_volume.data.tags["Snapshot"] == "iots6-prod"
    error_message = "the snapshots would not find the volume"
  }
  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.host.statement : !contains(statement.resources, "*")
    ])
    error_message = "the host's role reaches beyond its own things"
  }
}

run "snapshots_of_the_data_volume_are_kept_as_long_as_said" {
  command = plan
  module {
    source = "./modules/backups"
  }
  variables {
    kms_key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    backup_days   = 30
    snapshot_days = 30
    protect       = true
  }
  override_data {
    target = data.aws_iam_policy_document.tls_only
    values = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  override_data {
    target = data.aws_iam_policy_document.dlm
    values = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  override_resource {
    target = aws_iam_role.dlm
    values = { arn = "arn:aws:iam::123456789012:role/iots6-prod-snapshots" }
  }
  assert {
    condition     = aws_dlm_lifecycle_policy.snapshots[0].policy_details[0].schedule[0].retain_rule[0].count == 30
    error_message = "another number of snapshots"
  }
  assert {
    condition     = aws_dlm_lifecycle_policy.snapshots[0].policy_details[0].target_tags["Snapshot"] == "iots6-prod"
    error_message = "snapshots of another volume"
  }
  assert {
    condition     = !aws_s3_bucket.backups.force_destroy
    error_message = "a protected bucket can be deleted with its backups"
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.backups.block_public_policy && aws_s3_bucket_public_access_block.backups.restrict_public_buckets
    error_message = "the backups could be made public"
  }
}

run "no_snapshots_where_none_are_asked_for" {
  command = plan
  module {
    source = "./modules/backups"
  }
  variables {
    kms_key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    backup_days   = 30
    snapshot_days = 0
    protect       = false
  }
  override_data {
    target = data.aws_iam_policy_document.tls_only
    values = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  assert {
    condition     = length(aws_dlm_lifecycle_policy.snapshots) == 0 && length(aws_iam_role.dlm) == 0
    error_message = "snapshots all the same"
  }
}
