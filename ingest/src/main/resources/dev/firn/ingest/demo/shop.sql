-- A small shop. Everything in it follows from the row numbers: each first run begins with the same rows.
CREATE SCHEMA shop;

CREATE TABLE shop.customers (
  id          bigint       PRIMARY KEY,
  public_id   uuid         NOT NULL UNIQUE,
  name        text         NOT NULL,
  email       varchar(120) NOT NULL,
  country     char(2)      NOT NULL,
  born        date,
  newsletter  boolean      NOT NULL,
  preferences jsonb        NOT NULL,
  points      integer      NOT NULL,
  created_at  timestamptz  NOT NULL,
  updated_at  timestamptz  NOT NULL DEFAULT now()
);

CREATE TABLE shop.products (
  id          integer       PRIMARY KEY,
  sku         varchar(20)   NOT NULL UNIQUE,
  name        text          NOT NULL,
  description text          NOT NULL, -- long for some: kept out of line, and absent from most changes
  price       numeric(10,2) NOT NULL,
  weight_kg   real          NOT NULL,
  stock       integer       NOT NULL,
  attributes  jsonb         NOT NULL,
  updated_at  timestamptz   NOT NULL DEFAULT now()
);

CREATE TABLE shop.orders (
  id          bigint        PRIMARY KEY,
  customer_id bigint        NOT NULL REFERENCES shop.customers,
  status      text          NOT NULL CHECK (status IN ('placed', 'paid', 'shipped')),
  total       numeric(12,2) NOT NULL,
  currency    char(3)       NOT NULL,
  note        text,
  placed_at   timestamptz   NOT NULL,
  paid_at     timestamptz,
  updated_at  timestamptz   NOT NULL DEFAULT now()
);

CREATE TABLE shop.order_items (
  order_id    bigint           NOT NULL REFERENCES shop.orders,
  line        smallint         NOT NULL,
  product_id  integer          NOT NULL REFERENCES shop.products,
  quantity    integer          NOT NULL,
  unit_price  numeric(10,2)    NOT NULL,
  discount    double precision NOT NULL,
  updated_at  timestamptz      NOT NULL DEFAULT now(),
  PRIMARY KEY (order_id, line)
);

CREATE TABLE shop.shipments (
  tracking_number varchar(30)   PRIMARY KEY, -- a carrier gives another one now and then: a changed key
  order_id        bigint        NOT NULL,
  carrier         text          NOT NULL,
  fee             numeric(8,3)  NOT NULL,
  ships_on        date          NOT NULL,
  pick_up_at      time          NOT NULL,
  packed_at       timestamp     NOT NULL,
  label           bytea         NOT NULL,
  insured         boolean       NOT NULL,
  updated_at      timestamptz   NOT NULL DEFAULT now()
);

CREATE TABLE shop.returns (
  id          bigint        PRIMARY KEY,
  order_id    bigint        NOT NULL,
  reason      text          NOT NULL,
  refund      numeric(12,2) NOT NULL,
  received_on date          NOT NULL,
  updated_at  timestamptz   NOT NULL DEFAULT now()
);

INSERT INTO shop.customers
SELECT i,
       md5('customer ' || i)::uuid,
       (ARRAY['Ada','Björn','Chloé','Dilnoza','Emeka','Fatima','Goran','Hana','Íñigo','Jun'])[1 + i % 10]
         || ' ' || (ARRAY['Andersen','Bauer','Costa','Dubois','Eriksen','Fischer','García','Horváth','Ito'])[1 + i % 9],
       'customer' || i || '@example.com',
       (ARRAY['DE','FR','NO','PT','JP','NG','UZ'])[1 + i % 7],
       CASE WHEN i % 5 > 0 THEN date '1950-01-01' + (i * 37 % 20000) END,
       i % 3 = 0,
       jsonb_build_object('language', (ARRAY['de','fr','no','pt'])[1 + i % 4], 'size', i % 12),
       i % 400,
       timestamptz '2026-01-01 00:00:00+00' + i * interval '97.000003 seconds',
       timestamptz '2026-01-01 00:00:00+00' + i * interval '97.000003 seconds'
FROM generate_series(1, 2000) AS i;

INSERT INTO shop.products
SELECT i,
       'SKU-' || lpad(i::text, 6, '0'),
       (ARRAY['Rope','Ice axe','Crampons','Tent','Stove','Headlamp','Sledge','Goggles'])[1 + i % 8] || ' no. ' || i,
       CASE WHEN i % 20 = 0
            THEN (SELECT string_agg(md5(i || ' ' || j), ' ') FROM generate_series(1, 200) AS j)
            ELSE 'For the snow of winter ' || (1950 + i % 77) END,
       (4.99 + i % 300)::numeric(10,2),
       (i % 97) / 7.0::real,
       10000,
       jsonb_build_object('colour', (ARRAY['red','blue','white'])[1 + i % 3], 'warranty_years', i % 5),
       timestamptz '2026-01-01 00:00:00+00'
FROM generate_series(1, 400) AS i;

INSERT INTO shop.orders
SELECT i, 1 + i * 7 % 2000, (ARRAY['placed','paid','shipped','shipped'])[1 + i % 4], (20 + i % 500) + 0.95, 'EUR',
       CASE WHEN i % 9 = 0 THEN 'leave it at the door' END,
       timestamptz '2026-06-01 00:00:00+00' + i * interval '61.5 seconds',
       CASE WHEN i % 4 > 0 THEN timestamptz '2026-06-01 00:10:00+00' + i * interval '61.5 seconds' END,
       timestamptz '2026-06-01 00:10:00+00' + i * interval '61.5 seconds'
FROM generate_series(1, 2000) AS i;

INSERT INTO shop.order_items
SELECT i, line, 1 + (i * 13 + line * 101) % 400, 1 + (i + line) % 3, (4.99 + i % 300)::numeric(10,2), (i % 4) / 20.0,
       timestamptz '2026-06-01 00:00:00+00' + i * interval '61.5 seconds'
FROM generate_series(1, 2000) AS i, generate_series(1, 1 + i % 4) AS line;

INSERT INTO shop.shipments
SELECT 'FIRN' || lpad(i::text, 10, '0'), i, (ARRAY['Polar Post','Ski Courier','Husky'])[1 + i % 3], 3.5 + i % 10,
       date '2026-06-02' + i / 1000, time '07:30' + (i % 36) * interval '15 minutes',
       timestamp '2026-06-01 12:00:00' + i * interval '61.5 seconds', decode(md5('label ' || i), 'hex'), i % 2 = 0,
       timestamptz '2026-06-01 12:00:00+00' + i * interval '61.5 seconds'
FROM generate_series(1, 2000) AS i WHERE i % 4 >= 2;
