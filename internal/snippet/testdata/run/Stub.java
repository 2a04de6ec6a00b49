import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import org.springframework.http.HttpHeaders;

/** Calls HookController as Spring does, which is not here: what of Spring it names are stand-ins. */
public class Stub {
    public static void main(String[] args) throws Exception {
        HookController controller = new HookController();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT"))), 0);
        server.createContext("/hook", exchange -> {
            try {
                byte[] body = exchange.getRequestBody().readAllBytes();
                int status = controller.hook(body.length == 0 ? null : body, new HttpHeaders(exchange.getRequestHeaders())).status;
                exchange.sendResponseHeaders(status, -1);
            } catch (Exception e) {
                exchange.sendResponseHeaders(500, -1);
            }
            exchange.close();
        });
        server.start();
    }
}
