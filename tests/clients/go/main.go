// A client of the standard library alone. Arguments: the version of HTTP (1 or 2), the number of
// connections it may have at a time, then what to do, one after the other:
//
//	plain:N stream:N gzip:N large:N   one call
//	many:N:COUNT                      COUNT calls at once, every other one a stream
//	gateway:N                         one call by way of a TLS server in this program
//	wait                              until a line is read
//
// It waits for the answer to each call and checks it. With `version` alone it tells its own.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

var provider = os.Getenv("PROVIDER")

func main() {
	log.SetFlags(0)
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(runtime.Version())
		fmt.Println("crypto/tls")
		return
	}
	if len(os.Args) < 3 {
		log.Fatal("HTTP-VERSION CONNECTIONS WHAT...")
	}
	authority, err := os.ReadFile(os.Getenv("CA"))
	check(err)
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		log.Fatal("no certificate authority")
	}
	client := &http.Client{Transport: transport(trusted)}
	lines := bufio.NewReader(os.Stdin)
	for _, word := range os.Args[3:] {
		parts := strings.Split(word, ":")
		switch parts[0] {
		case "wait":
			fmt.Println("waiting")
			_, err := lines.ReadString('\n')
			check(err)
		case "many":
			many(client, number(parts[1]), number(parts[2]))
		case "gateway":
			gateway(client, number(parts[1]))
		default:
			call(client, provider, parts[0], number(parts[1]))
		}
	}
	client.CloseIdleConnections()
}

func transport(trusted *x509.CertPool) *http.Transport {
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: trusted},
		MaxConnsPerHost:   number(os.Args[2]),
		ForceAttemptHTTP2: os.Args[1] == "2",
	}
	if os.Args[1] == "1" {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return transport
}

// call asks for an answer and reads it whole, a stream line by line.
func call(client *http.Client, base string, kind string, n int) {
	model, filler, streams := "gpt-4o-mini", "", kind == "stream"
	switch kind {
	case "stream":
		model += "-stream-40"
	case "gzip":
		model += "-gzip"
	case "large":
		model += "-bytes-300000"
		filler = strings.Repeat("All of it is of interest. ", 20000)
	}
	body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"n=%d %s"}],"stream":%t,"stream_options":{"include_usage":true}}`,
		model, n, filler, streams)
	request, err := http.NewRequest("POST", base+"/v1/chat/completions", strings.NewReader(body))
	check(err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
	response, err := client.Do(request)
	check(err)
	defer response.Body.Close()
	if response.StatusCode != 200 || response.ProtoMajor != number(os.Args[1]) {
		log.Fatalf("%s %s for n=%d", response.Proto, response.Status, n)
	}
	var answer bytes.Buffer
	_, err = io.Copy(&answer, bufio.NewReader(response.Body))
	check(err)
	if !strings.Contains(answer.String(), fmt.Sprintf(`"prompt_tokens":%d,`, n)) {
		log.Fatalf("a wrong answer to n=%d: %s", n, answer.String())
	}
}

// many makes calls at once: goroutines share connections and change threads.
func many(client *http.Client, from int, count int) {
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		kind := "plain"
		if i%2 == 1 {
			kind = "stream"
		}
		group.Add(1)
		go func(n int) {
			defer group.Done()
			deep(n%50, func() { call(client, provider, kind, n) })
		}(from + i)
	}
	group.Wait()
}

// deep calls from a stack that has grown.
func deep(levels int, then func()) {
	var room [1024]byte
	if levels > 0 {
		deep(levels-1, then)
	} else {
		then()
	}
	if room[levels] != 0 {
		log.Fatal("the stack is damaged")
	}
}

// gateway serves TLS itself and passes the call on to the provider.
func gateway(client *http.Client, n int) {
	target, err := url.Parse(provider)
	check(err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = client.Transport
	direct := proxy.Director
	proxy.Director = func(request *http.Request) {
		direct(request)
		request.Host = target.Host
	}
	certificate, trusted := selfSigned()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := &http.Server{Handler: proxy, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	go server.ServeTLS(listener, "", "")
	own := &http.Client{Transport: transport(trusted)}
	call(own, "https://"+listener.Addr().String(), "plain", n)
	own.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	check(server.Shutdown(ctx))
}

func selfSigned() (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	encoded, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(err)
	parsed, err := x509.ParseCertificate(encoded)
	check(err)
	trusted := x509.NewCertPool()
	trusted.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{encoded}, PrivateKey: key}, trusted
}

func number(text string) int {
	number, err := strconv.Atoi(text)
	check(err)
	return number
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
