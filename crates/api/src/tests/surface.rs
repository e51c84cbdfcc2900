//! What stands around the API: unknown addresses, wrong methods, health, metrics, faults.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use guichet_mail::DomainName;
use guichet_testkit::{CountingRandom, StillClock};
use guichet_web::Proxies;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::sync::watch;

use super::world::{PUBLIC_URL, World, domains, request};
use crate::{Limits, Wiring, router};

fn open(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// The same world behind another check of readiness.
fn with_readiness(world: &mut World, readiness: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
    world.router = router(Wiring {
        desk: world.desk.clone(),
        domains: domains(&world.store, &world.desk, &world.dns),
        clock: Arc::new(StillClock::default()),
        random: Arc::new(CountingRandom::default()),
        public_url: PUBLIC_URL.to_owned(),
        sign_ups_per_hour_max: 100,
        protected_names: vec!["paypal".to_owned()],
        proxies: Proxies::none(),
        authserv_id: DomainName::parse("mx.desk.example").unwrap(),
        readiness: Arc::new(readiness),
        metrics: Arc::new(String::new),
        stop: watch::channel(false).1,
        limits: Limits::default(),
    });
}

#[tokio::test]
async fn unknown_addresses_and_wrong_methods_are_problems() {
    let world = World::new().await;
    for path in
        ["/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/tickets", "/api/v1/tickets/1/", "/.env"]
    {
        world.get(path).await.problem(404);
        world.send(open(path)).await.problem(404);
    }
    let answer = world.send(request(Method::PUT, "/api/v1/tickets/1", &world.admin)).await;
    answer.problem(405);
    assert!(answer.header("allow").contains("PATCH"), "{:?}", answer.headers);
    world.send(request(Method::POST, "/healthz", &world.admin)).await.problem(405);
}

#[tokio::test]
async fn an_operator_sees_health_and_numbers() {
    let mut world = World::new().await;
    assert_eq!(world.send(open("/healthz")).await.status, 200);
    assert_eq!(world.send(open("/readyz")).await.status, 200);
    let metrics = world.send(open("/metrics")).await;
    assert_eq!(&metrics.body[..], b"guichet_up 1\n");
    assert_eq!(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    with_readiness(&mut world, || Err("the disk has no room".to_owned()));
    let answer = world.send(open("/readyz")).await;
    assert_eq!(answer.problem(503)["detail"], "the disk has no room");
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(world.send(open("/healthz")).await.status, 200);
}

#[tokio::test]
async fn a_fault_of_ours_is_a_problem_without_its_cause() {
    let mut world = World::new().await;
    with_readiness(&mut world, || panic!("secret cause"));
    let answer = world.send(open("/readyz")).await;
    answer.problem(500);
    assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
}

#[tokio::test]
async fn the_document_is_served_to_everybody() {
    let world = World::new().await;
    let answer = world.send(open("/api/v1/openapi.json")).await;
    assert_eq!(answer.body, crate::openapi_json());
    assert_eq!(answer.header("content-type"), "application/json");
}

#[test]
fn requests_are_counted_by_route_and_never_by_what_strangers_write() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let world = World::new().await;
            world.get("/api/v1/tickets/1").await.problem(404);
            world.get("/api/v1/tickets/2?secret=x").await.problem(404);
            world.get("/wp-admin/setup.php").await.problem(404);
            let invented = Method::from_bytes(b"BREW").unwrap();
            world.send(request(invented, "/api/v1/tickets", &world.admin)).await.problem(405);
        });
    });
    let text = recorder.handle().render();
    let counted = |labels: &str, times: u64| {
        let line = format!("guichet_http_requests_total{{{labels}}} {times}\n");
        assert!(text.contains(&line), "{line} is not in\n{text}");
    };
    counted("method=\"GET\",route=\"/api/v1/tickets/{number}\",status=\"404\"", 2);
    counted("method=\"GET\",route=\"unmatched\",status=\"404\"", 1);
    counted("method=\"other\",route=\"/api/v1/tickets\",status=\"405\"", 1);
    assert!(!text.contains("secret") && !text.contains("wp-admin") && !text.contains("BREW"), "{text}");
}
