environment    = "iots6-staging"
region         = "eu-central-1"
instance_type  = "t3.medium"
data_volume_gb = 40
protect        = false
snapshot_days  = 7
backup_days    = 14

# Who may come in. These networks are examples (RFC 5737): replace them by yours.
admin_cidrs  = ["198.51.100.0/28"]
device_cidrs = ["203.0.113.0/24"]
