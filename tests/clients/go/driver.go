// A driver (`tests/clients/drivers`) of Go's standard library. Argument: the version of HTTP, 1 or 2.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	client := connect()
	fmt.Println("up")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := append(strings.Fields(lines.Text()), "", "")
		if words[0] == "load" {
			load(fraction(words[1]), fraction(words[2]))
			continue
		}
		n, err := strconv.Atoi(words[0])
		check(err)
		call(client, n, words[1])
		fmt.Println("answered", n)
	}
}

func connect() *http.Client {
	authority, err := os.ReadFile(os.Getenv("CA"))
	check(err)
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority) {
		log.Fatal("no certificate authority")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: os.Args[1] == "2"}
	if os.Args[1] == "1" {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return &http.Client{Transport: transport}
}

func call(client *http.Client, n int, words string) {
	streams := strings.Contains(words, "-stream-")
	body := fmt.Sprintf(`{"model":"gpt-4o-mini%s","messages":[{"role":"user","content":"n=%d"}],"stream":%t,"stream_options":{"include_usage":true}}`,
		words, n, streams)
	request, err := http.NewRequest("POST", os.Getenv("PROVIDER")+"/v1/chat/completions", strings.NewReader(body))
	check(err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+os.Getenv("OPENAI_API_KEY"))
	response, err := client.Do(request)
	check(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	check(err)
	if response.StatusCode != 200 || !strings.Contains(string(answer), fmt.Sprintf(`"prompt_tokens":%d,`, n)) {
		log.Fatalf("a wrong answer to n=%d: %s %s", n, response.Status, answer)
	}
}

func load(seconds float64, pause float64) {
	client, made, busy := connect(), 0, time.Duration(0)
	defer client.CloseIdleConnections()
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for time.Now().Before(end) {
		begun := time.Now()
		call(client, 1000+made%1000, "")
		busy += time.Since(begun)
		made++
		time.Sleep(time.Duration(pause * float64(time.Millisecond)))
	}
	fmt.Println("made", made, busy.Microseconds())
}

// fraction reads a number; there may be none.
func fraction(text string) float64 {
	if text == "" {
		return 0
	}
	number, err := strconv.ParseFloat(text, 64)
	check(err)
	return number
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
