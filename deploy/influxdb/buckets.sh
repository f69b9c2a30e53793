#!/bin/sh
# How long InfluxDB 2 keeps each tier of the picture: one bucket each. Run once with the influx command line configured
# (influx config create …):  deploy/influxdb/buckets.sh ORG
# and in xinyi.toml: bucket = "xinyi", bucket_1s = "xinyi_1s", bucket_1min = "xinyi_1min".
# Reading them with InfluxQL needs a mapping for each:  influx v1 dbrp create --db NAME --rp autogen --bucket-id ID
# InfluxDB 3 Core and Enterprise: influxdb3 create database --retention-period 30d xinyi (and 180d, 3650d for the others).
set -eu
org=${1:?name the organisation: buckets.sh ORG}
influx bucket create --org "$org" --name xinyi --retention 30d
influx bucket create --org "$org" --name xinyi_1s --retention 180d
influx bucket create --org "$org" --name xinyi_1min --retention 3650d
