\set user random(0, 999)
SELECT create_project('user-' || :user, 1, lpad(nextval('request')::text, 36, '0'));
