//! What other threads do with a service.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::{sync::mpsc, thread};

use common::Probe;
use socker_core::service::Context;
use socker_tokio::{Server, service::Handle};

/// Does something with the service so many times, each from the one before.
fn chain(server: Handle<Probe>, left: u32, done: mpsc::Sender<u32>) {
    let again = server.clone();
    let act = move |_: &mut Probe, _: &mut Context<'_>| {
        done.send(left).unwrap();
        if left > 0 {
            chain(again, left - 1, done);
        }
    };
    assert!(server.run(act).is_ok());
}

#[test]
fn it_is_done_without_a_runtime() {
    let (probe, _told) = Probe::new();
    let server = Server::new(probe).start();
    let (done, results) = mpsc::channel();
    chain(server, 100, done);
    assert!(results.try_iter().eq((0..=100).rev()), "nothing is left lying");
}

#[test]
fn it_is_done_once_and_in_the_order_of_each_thread() {
    let (probe, _told) = Probe::new();
    let server = Server::new(probe).start();
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        for thread in 0..4usize {
            let (server, done) = (server.clone(), done.clone());
            scope.spawn(move || {
                for number in 0..1000u32 {
                    let done = done.clone();
                    let mut act = Some(move |_: &mut Probe, _: &mut Context<'_>| {
                        done.send((thread, number)).unwrap();
                    });
                    while let Some(again) = act.take() {
                        act = server.run(again).err().map(|full| full.into_inner());
                    }
                }
            });
        }
    });
    drop(done);
    let mut next = [0; 4];
    for (thread, number) in results.try_iter() {
        assert_eq!(number, next[thread]);
        next[thread] += 1;
    }
    assert_eq!(next, [1000; 4]);
}
