//! The Dropbox Sign adapter against a server that answers what a test says, and keeps what it was asked.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpListener,
    thread::JoinHandle,
};

use super::*;

/// Answers one request with a status and a body; gives back what was asked.
fn server(status: &'static str, body: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut asked, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let read = stream.read(&mut chunk).unwrap();
            asked.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8_lossy(&asked).into_owned();
            let Some((head, content)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                let line = line.to_ascii_lowercase();
                line.strip_prefix("content-length: ").and_then(|length| length.parse::<usize>().ok())
            });
            if content.len() >= length.unwrap_or(0) {
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).unwrap();
                return text;
            }
        }
    });
    (url, asked)
}

fn adapter(api_url: String) -> DropboxSign {
    let secret = ESignSecret { api_key: "the-key".to_owned(), client_id: "the-app".to_owned() };
    DropboxSign::new(DropboxSignConfig { api_url: Some(api_url), test_mode: true, secret }).unwrap()
}

fn envelope() -> NewEnvelope {
    let signer = |name: &str, email: &str| EnvelopeSigner { name: name.to_owned(), email: email.to_owned() };
    NewEnvelope {
        reference: "doc_1".to_owned(),
        title: "Statement of Work".to_owned(),
        pdf: b"%PDF-1.7 content".to_vec(),
        metadata: BTreeMap::from([("lbg_id".to_owned(), "lbg_1".to_owned())]),
        signers: vec![signer("A", "a@example.com"), signer("B", "b@example.com")],
    }
}

const REQUEST: &str = r#"{"signature_request":{"signature_request_id":"r1","metadata":{"doc_id":"doc_1"},
    "signatures":[{"signature_id":"s1","signer_email_address":"a@example.com","status_code":"awaiting_signature"}]}}"#;

#[tokio::test]
async fn an_envelope_is_created_for_embedded_signing_with_the_file_and_our_id() {
    let (url, asked) = server("200 OK", REQUEST);
    let created = adapter(url).create(&envelope()).await.unwrap();
    assert_eq!((created.id.as_str(), created.reference.as_deref()), ("r1", Some("doc_1")));
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST /v3/signature_request/create_embedded HTTP/1.1\r\n"), "{asked}");
    // "the-key:" in base64: the key is the user name, the password is empty.
    assert!(asked.contains("authorization: Basic dGhlLWtleTo=\r\n"), "{asked}");
    for (field, value) in [
        ("client_id", "the-app"),
        ("test_mode", "1"),
        ("title", "Statement of Work"),
        ("metadata[doc_id]", "doc_1"),
        ("metadata[lbg_id]", "lbg_1"),
        ("signers[0][name]", "A"),
        ("signers[1][email_address]", "b@example.com"),
    ] {
        assert!(asked.contains(&format!("name=\"{field}\"\r\n\r\n{value}\r\n")), "{field}: {asked}");
    }
    assert!(
        asked.contains("name=\"files[0]\"; filename=\"doc_1.pdf\"\r\nContent-Type: application/pdf"),
        "{asked}"
    );
}

#[tokio::test]
async fn the_oldest_envelope_of_our_id_is_found_and_others_are_passed_over() {
    let (url, asked) = server(
        "200 OK",
        r#"{"signature_requests":[
            {"signature_request_id":"newer","metadata":{"doc_id":"doc_1"},"created_at":20},
            {"signature_request_id":"other","metadata":{"doc_id":"doc_12"},"created_at":1},
            {"signature_request_id":"older","metadata":{"doc_id":"doc_1"},"created_at":10},
            {"signature_request_id":"bare","metadata":[],"created_at":1}]}"#,
    );
    let found = adapter(url).find("doc_1").await.unwrap();
    assert_eq!(found.map(|envelope| envelope.id).as_deref(), Some("older"));
    assert!(asked.join().unwrap().starts_with("GET /v3/signature_request/list?page_size=100&query=doc_1 "));
}

#[tokio::test]
async fn answers_of_the_provider_become_typed_errors_without_its_message() {
    let cases = [
        ("404 Not Found", ESignError::NotFound),
        ("410 Gone", ESignError::NotFound),
        ("409 Conflict", ESignError::NotReady { code: "a_name".to_owned() }),
        ("400 Bad Request", ESignError::Refused { code: "a_name".to_owned() }),
        ("402 Payment Required", ESignError::Refused { code: "a_name".to_owned() }),
        ("429 Too Many Requests", ESignError::Unavailable("a_name".to_owned())),
        ("500 Internal Server Error", ESignError::Unavailable("a_name".to_owned())),
    ];
    for (status, expected) in cases {
        let (url, asked) =
            server(status, r#"{"error":{"error_msg":"about a@example.com","error_name":"a_name"}}"#);
        assert_eq!(adapter(url).envelope("r1").await, Err(expected), "{status}");
        assert!(asked.join().unwrap().starts_with("GET /v3/signature_request/r1 "));
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_the_outcome_open() {
    let (url, asked) = server("200 OK", "not json");
    let error = adapter(url).create(&envelope()).await.unwrap_err();
    assert!(matches!(error, ESignError::Unavailable(_)), "{error:?}");
    asked.join().unwrap();
    let nobody = adapter("http://127.0.0.1:9".to_owned());
    assert!(matches!(nobody.envelope("r1").await, Err(ESignError::Unavailable(_))));
}

#[tokio::test]
async fn a_signing_page_a_file_and_a_withdrawal_have_their_own_addresses() {
    let (url, asked) =
        server("200 OK", r#"{"embedded":{"sign_url":"https://sign.example/x","expires_at":1}}"#);
    assert_eq!(adapter(url).sign_url("s1").await.as_deref(), Ok("https://sign.example/x"));
    assert!(asked.join().unwrap().starts_with("GET /v3/embedded/sign_url/s1 "));

    let (url, asked) = server("200 OK", "%PDF-1.7 signed");
    assert_eq!(adapter(url).signed_pdf("r1").await.as_deref(), Ok(b"%PDF-1.7 signed".as_slice()));
    assert!(asked.join().unwrap().starts_with("GET /v3/signature_request/files/r1?file_type=pdf "));

    let (url, asked) = server("410 Gone", r#"{"error":{"error_msg":"gone","error_name":"deleted"}}"#);
    assert_eq!(adapter(url).cancel("r1").await, Ok(()), "what is gone is withdrawn");
    assert!(asked.join().unwrap().starts_with("POST /v3/signature_request/cancel/r1 "));
}
