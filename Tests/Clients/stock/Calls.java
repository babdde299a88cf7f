import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Java's default client, which offers h2c with the first request of each connection: java Calls.java URL BODY */
public class Calls {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (int call = 0; call < 12; call++) {
            HttpRequest.Builder request = HttpRequest.newBuilder().timeout(Duration.ofSeconds(10));
            if (call % 3 == 2) {
                request.uri(URI.create(arguments[0] + "/v2/models/digits/infer"))
                    .POST(HttpRequest.BodyPublishers.ofString(arguments[1]));
            } else {
                request.uri(URI.create(arguments[0] + "/v2/health/live"));
                if (call % 3 == 1) request.method("HEAD", HttpRequest.BodyPublishers.noBody());
            }
            HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            System.out.print(response.statusCode() + " ");
        }
    }
}
