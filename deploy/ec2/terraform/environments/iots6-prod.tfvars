environment    = "iots6-prod"
region         = "eu-central-1"
instance_type  = "m6i.large"
data_volume_gb = 200
protect        = true
snapshot_days  = 30
backup_days    = 90

# Who may come in. These networks are examples (RFC 5737): replace them by yours.
admin_cidrs  = ["198.51.100.0/28"]
device_cidrs = ["203.0.113.0/24"]
