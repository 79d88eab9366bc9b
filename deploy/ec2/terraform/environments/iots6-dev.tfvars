environment    = "iots6-dev"
region         = "eu-central-1"
instance_type  = "t3.small"
data_volume_gb = 20
protect        = false
snapshot_days  = 3
backup_days    = 7

# Who may come in. These networks are examples (RFC 5737): replace them by yours.
admin_cidrs  = ["198.51.100.0/28"]
device_cidrs = ["203.0.113.0/24"]
