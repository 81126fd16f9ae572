-- The shop of shop.sql, as MariaDB writes it. Statements end with a semicolon at the end of a line.
CREATE DATABASE shop CHARACTER SET utf8mb4;

CREATE TABLE shop.customers (
  id          bigint       PRIMARY KEY,
  public_id   uuid         NOT NULL UNIQUE,
  name        varchar(100) NOT NULL,
  email       varchar(120) NOT NULL,
  country     char(2)      NOT NULL,
  born        date,
  newsletter  boolean      NOT NULL,
  preferences json         NOT NULL,
  points      integer      NOT NULL,
  created_at  timestamp(6) NOT NULL DEFAULT now(6),
  updated_at  timestamp(6) NOT NULL DEFAULT now(6)
);

CREATE TABLE shop.products (
  id          integer       PRIMARY KEY,
  sku         varchar(20)   NOT NULL UNIQUE,
  name        text          NOT NULL,
  description text          NOT NULL,
  price       decimal(10,2) NOT NULL,
  weight_kg   double        NOT NULL,
  stock       integer       NOT NULL,
  attributes  json          NOT NULL,
  updated_at  timestamp(6)  NOT NULL DEFAULT now(6)
);

CREATE TABLE shop.orders (
  id          bigint        PRIMARY KEY,
  customer_id bigint        NOT NULL,
  status      enum('placed', 'paid', 'shipped') NOT NULL,
  total       decimal(12,2) NOT NULL,
  currency    char(3)       NOT NULL,
  note        text,
  placed_at   timestamp(6)  NOT NULL DEFAULT now(6),
  paid_at     timestamp(6)  NULL,
  updated_at  timestamp(6)  NOT NULL DEFAULT now(6),
  FOREIGN KEY (customer_id) REFERENCES shop.customers (id)
);

CREATE TABLE shop.order_items (
  order_id    bigint        NOT NULL,
  line        smallint      NOT NULL,
  product_id  integer       NOT NULL,
  quantity    integer       NOT NULL,
  unit_price  decimal(10,2) NOT NULL,
  discount    double        NOT NULL,
  updated_at  timestamp(6)  NOT NULL DEFAULT now(6),
  PRIMARY KEY (order_id, line),
  FOREIGN KEY (order_id) REFERENCES shop.orders (id),
  FOREIGN KEY (product_id) REFERENCES shop.products (id)
);

CREATE TABLE shop.shipments (
  tracking_number varchar(30)  PRIMARY KEY,
  order_id        bigint       NOT NULL,
  carrier         text         NOT NULL,
  fee             decimal(8,3) NOT NULL,
  ships_on        date         NOT NULL,
  pick_up_at      time(6)      NOT NULL,
  packed_at       datetime(6)  NOT NULL,
  label           blob         NOT NULL,
  insured         boolean      NOT NULL,
  updated_at      timestamp(6) NOT NULL DEFAULT now(6)
);

CREATE TABLE shop.returns (
  id          bigint        PRIMARY KEY,
  order_id    bigint        NOT NULL,
  reason      text          NOT NULL,
  refund      decimal(12,2) NOT NULL,
  received_on date          NOT NULL,
  updated_at  timestamp(6)  NOT NULL DEFAULT now(6)
);

INSERT INTO shop.customers
SELECT seq,
       regexp_replace(md5(concat('customer ', seq)), '^(.{8})(.{4}).(.{3}).(.{3})', '\\1-\\2-4\\3-8\\4-'),
       concat(elt(1 + seq % 10, 'Ada','Björn','Chloé','Dilnoza','Emeka','Fatima','Goran','Hana','Íñigo','Jun'),
              ' ', elt(1 + seq % 9, 'Andersen','Bauer','Costa','Dubois','Eriksen','Fischer','García','Horváth','Ito')),
       concat('customer', seq, '@example.com'),
       elt(1 + seq % 7, 'DE','FR','NO','PT','JP','NG','UZ'),
       CASE WHEN seq % 5 > 0 THEN date '1950-01-01' + INTERVAL (seq * 37 % 20000) DAY END,
       seq % 3 = 0,
       json_object('language', elt(1 + seq % 4, 'de','fr','no','pt'), 'size', seq % 12),
       seq % 400,
       timestamp '2026-01-01 00:00:00' + INTERVAL seq * 97 SECOND,
       timestamp '2026-01-01 00:00:00' + INTERVAL seq * 97 SECOND
FROM shop.seq_1_to_2000;

INSERT INTO shop.products
SELECT seq,
       concat('SKU-', lpad(seq, 6, '0')),
       concat(elt(1 + seq % 8, 'Rope','Ice axe','Crampons','Tent','Stove','Headlamp','Sledge','Goggles'), ' no. ', seq),
       CASE WHEN seq % 20 = 0 THEN repeat(concat(md5(seq), ' '), 200)
            ELSE concat('For the snow of winter ', 1950 + seq % 77) END,
       4.99 + seq % 300,
       (seq % 97) / 7e0,
       10000,
       json_object('colour', elt(1 + seq % 3, 'red','blue','white'), 'warranty_years', seq % 5),
       timestamp '2026-01-01 00:00:00'
FROM shop.seq_1_to_400;

INSERT INTO shop.orders
SELECT seq, 1 + seq * 7 % 2000, elt(1 + seq % 4, 'placed','paid','shipped','shipped'), (20 + seq % 500) + 0.95, 'EUR',
       CASE WHEN seq % 9 = 0 THEN 'leave it at the door' END,
       timestamp '2026-06-01 00:00:00' + INTERVAL seq * 61 SECOND,
       CASE WHEN seq % 4 > 0 THEN timestamp '2026-06-01 00:10:00' + INTERVAL seq * 61 SECOND END,
       timestamp '2026-06-01 00:10:00' + INTERVAL seq * 61 SECOND
FROM shop.seq_1_to_2000;

INSERT INTO shop.order_items
SELECT o.seq, l.seq, 1 + (o.seq * 13 + l.seq * 101) % 400, 1 + (o.seq + l.seq) % 3, 4.99 + o.seq % 300, (o.seq % 4) / 20e0,
       timestamp '2026-06-01 00:00:00' + INTERVAL o.seq * 61 SECOND
FROM shop.seq_1_to_2000 AS o JOIN shop.seq_1_to_4 AS l ON l.seq <= 1 + o.seq % 4;

INSERT INTO shop.shipments
SELECT concat('FIRN', lpad(seq, 10, '0')), seq, elt(1 + seq % 3, 'Polar Post','Ski Courier','Husky'), 3.5 + seq % 10,
       date '2026-06-02' + INTERVAL floor(seq / 1000) DAY, sec_to_time(27000 + (seq % 36) * 900),
       timestamp '2026-06-01 12:00:00' + INTERVAL seq * 61 SECOND, unhex(md5(concat('label ', seq))), seq % 2 = 0,
       timestamp '2026-06-01 12:00:00' + INTERVAL seq * 61 SECOND
FROM shop.seq_1_to_2000 WHERE seq % 4 >= 2;
