//! The key of the tokens in mails.

use super::*;

#[tokio::test]
async fn the_key_is_made_once_whoever_comes_first() {
    let store = Store::memory();
    let (one, other) = (over(store.clone(), 1), over(store.clone(), 1));
    let missing = one.token_key().unwrap_err();
    assert!(missing.to_string().contains("`guichet serve` makes one"), "{missing}");
    let (first, second) = tokio::join!(one.ensure_token_key([1; 32]), other.ensure_token_key([2; 32]));
    first.and(second).unwrap();
    let key = one.token_key().unwrap();
    assert!([[1; 32], [2; 32]].contains(&key));
    assert_eq!(other.token_key().unwrap(), key);
    let restarted = over(store, 1);
    restarted.ensure_token_key([3; 32]).await.unwrap();
    assert_eq!(restarted.token_key().unwrap(), key);
}

#[tokio::test]
async fn a_wrong_master_key_is_found_out_at_the_start() {
    let store = Store::memory();
    assert!(!crate::is_sealed(&store).unwrap());
    over(store.clone(), 1).ensure_token_key([1; 32]).await.unwrap();
    assert!(crate::is_sealed(&store).unwrap());
    let error = over(store, 2).ensure_token_key([2; 32]).await.unwrap_err();
    assert!(error.to_string().contains("the master key that belongs to this data directory"), "{error}");
}
